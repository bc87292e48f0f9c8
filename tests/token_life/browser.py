"""A browser that follows redirects and shows nothing: `python browser.py ADDRESS`."""

import sys
import urllib.request

with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(sys.argv[1]) as page:
    page.read()
