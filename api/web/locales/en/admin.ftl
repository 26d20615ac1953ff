# Who may sign in and which systems have a way in: the admins' page.

admin-title = Access
admin-users = People
admin-count = { $count ->
    [one] One person may sign in.
   *[other] { $count } people may sign in.
}
admin-user = Name
admin-role = Role
admin-any-role = Any
admin-search = Search
admin-acts-at = Acts at
admin-everywhere = everywhere
admin-where-available = where they are available
admin-nowhere = nowhere yet
admin-signs-in-by = Signs in by
admin-way-password = password
admin-way-provider = hospital account
admin-way-code = one-time code
admin-no-way = nothing yet
admin-last-seen = Last seen
admin-never = never
admin-signed-in = Signed in
admin-actions = Actions
admin-give-code = One-time code
admin-give-code-to = A one-time code for { $name }
admin-sign-out = Sign out
admin-sign-out-of = Sign { $name } out everywhere
admin-signed-out = { $count ->
    [0] { $name } was signed in nowhere.
    [one] { $name } is signed out.
   *[other] { $name } is signed out of { $count } browsers.
}
admin-nobody = Nobody is found
admin-nobody-about = Nobody who may sign in has that name and role. Users come from the directory.
admin-all = Show all

admin-ask-code-title = A one-time code for { $name }?
admin-ask-code-about = Whoever has the code signs in as { $name }, once, and chooses a new password. A code that they have not used yet counts no more; their password does until then.
admin-make-code = Make the code
admin-code-title = One-time code for { $name }
admin-code = Code
admin-code-once = It is shown this once and counts for { $hours } hours. Tell it to { $name } alone: by telephone or in person, not by e-mail.
admin-code-where = They sign in at { $address } with the name { $external-id }.

admin-tokens = Access tokens
admin-tokens-about = By a token a system calls the API: what it may do, where, and until when.
admin-new-token = New token
admin-no-tokens = No system has a token
admin-no-tokens-about = The API lets no program in without one.
admin-token = Token
admin-scopes = May
admin-expires = Expires
admin-expired = expired
admin-last-used = Last used
admin-revoke = Revoke
admin-revoke-of = Revoke the token { $name }
admin-revoke-title = Revoke the token { $name }?
admin-revoke-about = The system that has it is refused at once, and for good. It needs a new token to go on.
admin-revoked = The token { $name } is revoked.
admin-keep = Keep it
admin-name = What it is for
admin-name-hint = The audit tells by this name what the system has done.
admin-name-wanted = Say what the token is for, in at most { $longest } letters.
admin-scope = What it may do
admin-scope-wanted = Choose what the token may do, and no more than it needs.
admin-hospital = Where
admin-at-every = At every hospital, those to come among them
admin-hospital-wanted = Choose the hospitals, or every one.
admin-expiry = Until when
admin-expiry-wanted = Choose when the token expires.
admin-expiry-30 = 30 days
admin-expiry-90 = 90 days
admin-expiry-365 = a year
admin-expiry-never = until it is revoked
admin-make-token = Make the token
admin-token-title = The token { $name }
admin-token-once = It is shown this once; only a digest of it is kept. The system sends it with every call:
admin-copy = Copy
admin-copied = Copied.
admin-copy-by-hand = Press Ctrl+C to copy it.
admin-done = Done
admin-back = Back to access
