# ruff: noqa: SIM905  # sixty names read better as words than as sixty quoted strings
"""Names for the people of the sample network. Any likeness is chance: first and family names are combined freely."""

FIRST = (
    "Amelia Ava Charlotte Chloe Claire Deepa Elena Ella Emily Fatima Freya Georgia Grace Hannah Harriet Imogen Isla "
    "Jasmine Kirra Layla Leah Linh Lucy Maeve Matilda Mei Mia Nadia Olivia Priya Rosa Ruby Sienna Sofia Zoe Adam Ahmed "
    "Alexander Angus Arjun Benjamin Callum Charlie Daniel Darcy Dimitri Ethan Finn Harvey Henry Hugo Jack James Kofi "
    "Lachlan Leo Liam Marcus Minh Nathan Noah Oliver Oscar Patrick Rajiv Samuel Theo Thomas Wei William"
).split()

FAMILY = (
    "Abbott Ahmed Anderson Bailey Baker Bianchi Brown Campbell Carter Chandra Chen Clarke Collins Costa Davies Edwards "
    "Evans Fernando Fitzgerald Fraser Gibson Graham Hall Harris Hughes Ibrahim Jackson Jensen Johnson Kaur Kelly "
    "Kowalski Kumar Lee Lewis Lim Mackenzie Martin Mitchell Moore Morgan Murphy Nguyen Nowak O'Brien Papadopoulos "
    "Patel Pham Reid Ricci Roberts Robinson Ryan Schulz Scott Sharma Singh Smith Stewart Taylor Thompson Tran Walker "
    "Wang Watson White Williams Wilson Wright Young"
).split()
