"""The statutory process of EHC plans, from the SEN2 return."""
