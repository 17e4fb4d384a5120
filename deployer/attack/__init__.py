"""From ATT&CK's own data (a STIX file that the user has) to drafts of analytics, and to what their log sources lack here."""
