"""The numbers of the overview. Each function asks a fixed, small number of questions, however much there is."""
