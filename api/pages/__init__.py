"""The pages: what the JSON interface can do, for people with a browser.

Every page is made on the server and needs no script. A form takes the same way as the JSON
command of its name, so checks, texts and refusals are the same.
"""
