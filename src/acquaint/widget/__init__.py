"""The chat widget, as browsers load it: ``<script type="module" src="https://HOST/widget.js">``.

modules/widget.js   where a page comes in
modules/*.js        the element, plain ES modules
client/             the JavaScript client, ``sdk/js/src`` of the checkout; a wheel has it here
joining             both, in one small file: joined/, made when the server is installed, is what browsers get
assets              the files, and the headers they are served with
"""

from __future__ import annotations

from .assets import routes

__all__ = ["routes"]
