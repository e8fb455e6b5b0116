"""The doors: command line, pages, documents. The thinking is in inventory, topology and capacity."""
