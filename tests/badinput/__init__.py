"""Events as broken systems and hostile people deliver them, for each log source."""
