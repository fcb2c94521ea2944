-- The same GET again and again, as fast as it is answered.
dofile("report.lua")
