"""`make bench`: the planner measured against bare relaxations and against other ways to plan, in one run."""
