"""Live updates: who hears what, as it happens.

wire         the shapes of the native frames
protocol     what may be said on a native connection, and when; sans I/O
hub          who listens to what, over the Bus; connections of any protocol register here
register     who is connected
connection   one native connection
backends     Apps' own servers that listen
live         the WebSockets at /acquaint/v1/live and /acquaint/v1/app/live: who is let in
"""
