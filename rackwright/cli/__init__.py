"""One module a verb; each verb imports what it needs only when it runs."""
