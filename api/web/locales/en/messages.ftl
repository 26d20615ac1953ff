# Messages to patients and to other systems

messages-title = Messages
messages-about-page = What patients are told by e-mail and other systems by the webhook, as long as it has not arrived. What fails is tried again by itself for about a day.
messages-silent = Nobody is told anything: neither a webhook nor a mail server is set. docs/operations.md, Telling patients, says how.
messages-caption = Messages, the newest first
messages-what = What is told
messages-channel = By
messages-channel-webhook = webhook
messages-channel-email = e-mail
messages-status = Status
messages-open = not arrived
messages-status-dead = given up
messages-status-pending = pending
messages-status-delivered = delivered
messages-reason = What came of it
messages-when = Since
messages-retry = Retry
messages-retry-one = Retry: { $what }, { $about }
messages-tried-again = It is tried again within seconds.
messages-pages = More messages
messages-newest = Newest
messages-older = Older
messages-none = Everything has arrived
messages-none-about = Messages appear here while they are on their way, and stay if they cannot be delivered.
messages-none-such = No message is like that

# A message in words
messages-topic-booked = Appointment booked
messages-topic-moved = Appointment moved
messages-topic-cancelled = Appointment cancelled
messages-about = { $patient }, { $when }
messages-given-up = { $count ->
    [0] given up
    [one] given up after 1 attempt
   *[other] given up after { $count } attempts
}
messages-again = { $count ->
    [one] tried once, again { $when }
   *[other] tried { $count } times, again { $when }
}
messages-arrived = arrived { $ago }
messages-due = about to be tried
