"""What users give: files, YAML, words. Whatever is wrong with it is one line that says where, and what mends it.

`file` reads a file whole, or refuses it; `document` is YAML whose values know their line; `did_you_mean` finds the word
that was meant. Below the log, the clock and the processors, since all of them are told something by a file. Refuses to
know what any field means.
"""
