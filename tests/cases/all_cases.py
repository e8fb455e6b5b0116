"""Every case, by name."""

from tests.cases import (
    defects_addresses as defects_addresses,
)
from tests.cases import (
    defects_cables as defects_cables,
)
from tests.cases import (
    defects_figures as defects_figures,
)
from tests.cases import (
    defects_files as defects_files,
)
from tests.cases import (
    defects_power as defects_power,
)
from tests.cases import (
    defects_racks as defects_racks,
)
from tests.cases import (
    defects_redundancy as defects_redundancy,
)
from tests.cases import (
    defects_risks as defects_risks,
)
from tests.cases import (
    defects_zones as defects_zones,
)
from tests.cases.breaking import CASES as CASES
