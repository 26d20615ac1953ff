# The API's reference. What it says of routes and problems is the API's own text.

reference-title = API reference
reference-openapi = OpenAPI document
reference-problems = Problems
reference-problems-about = Every way in which the API says no, and what to do about it.
reference-all-problems = All problems
reference-health = Health
reference-subjects = Subjects
reference-parameters = Parameters
reference-parameter = Parameter
reference-in = In
reference-meaning = Meaning
reference-body = A body, as { $kind }:
reference-answer = Answer
