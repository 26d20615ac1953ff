# Signing in and out, and one's own account.

access-sign-in = Sign in
access-name = Name
access-name-hint = The name or the e-mail address that your hospital knows you by.
access-password-or-code = Password or one-time code
access-missing = Fill this in.
access-wrong = The name, or the password or code, is not right. A one-time code works once, and not after it has expired.
access-too-many = Too many attempts have failed. Wait { $minutes ->
    [one] a minute
   *[other] { $minutes } minutes
} and try again; until then even the right password is refused.
access-forgotten = An admin can give you a one-time code if you have no password or have forgotten it.
access-signed-out = You are signed out.
access-signed-in-already = You are signed in as { $name }.
access-go-on = Go on
access-account = Your account

# Choosing a password
access-choose-password = Choose a password
access-change-password = Change your password
access-choose-first = You came by a one-time code. Choose the password that you will sign in with from now on.
access-old-password = Present password
access-new-password = New password
access-again = New password once more
access-password-hint = At least { $shortest } letters. A few words that nobody would put together are easy to keep in mind and hard to guess.
access-password-ends-others = You will be signed out everywhere else.
access-set-password = Set password
access-not-the-same = This is not the same; type the new password twice.
access-wrong-old = This is not your present password.
access-no-password-here = You sign in through your hospital, so you have no password here; change it there.
access-password-short = Use at least { $shortest } letters.
access-password-long = Use at most { $longest } letters.
access-password-common = Too easy to guess: it is among the passwords that have leaked most often, or nearly so. Put other words together.
access-password-personal = Too easy to guess: it is made of your own name, e-mail address or id, or of this software's name. Use other words.
access-password-repeated = Too easy to guess: it repeats itself. Use different words.
access-password-sequence = Too easy to guess: letters or numbers follow each other. Put words together instead.
access-password-keyboard = Too easy to guess: the keys lie in a row. Put words together instead.
access-password-easy = Too easy to guess. Add another word or two that do not go together.

# One's own account
access-role = Role
access-role-admin = Admin
access-role-staff = Staff
access-role-doctor = Doctor
access-known-as = Known as
access-email = E-mail
access-acts-at = Acts at
access-everywhere = all hospitals
access-nowhere = no hospital yet; an admin can say which
access-where-signed-in = Where you are signed in
access-browser = Browser
access-address = From
access-last-seen = Last seen
access-this-browser = this browser
access-unknown = not known
access-end = Sign out
access-end-label = Sign out of { $browser }, from { $address }
access-everywhere-out = Sign out everywhere
access-idle = Who does nothing for { $minutes ->
    [one] a minute
   *[other] { $minutes } minutes
} is signed out.

# By a provider of OpenID Connect
access-oidc-sign-in = Sign in with { $name }
access-oidc-or = or with a password
access-oidc-away = { $name } cannot be reached just now. Try again in a moment, or sign in with a password.
access-oidc-denied = You did not sign in with { $name }. Try again, or sign in with a password.
access-oidc-late = That took too long, or it was begun in another window. Sign in once more, in this window.
access-oidc-unproved = { $name } has not proved who you are, so you are not signed in. If it happens again, tell whoever runs this server.
access-oidc-unverified = { $name } has not verified an e-mail address of yours, so we cannot tell who you are here. Ask there to have it verified.
access-oidc-nobody = Nobody here can be told by what { $name } says of you. Ask an admin whether you are in the directory, with the e-mail address that { $name } has.
