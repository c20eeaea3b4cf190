"""承办单位: districts, streets and towns, departments, utilities, desks."""
