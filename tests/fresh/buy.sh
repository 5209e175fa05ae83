#!/bin/bash
# buy.sh URL MAILDIR: a guest's whole visit with nothing but curl, grep and sed: home, category, product, search, cart,
# checkout, payment, thanks, tracking, and the mail. Ends with the order's number.
set -euo pipefail
shop=$1 maildir=$2
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
page=$dir/page at=
mail=curl-$$-$RANDOM@example.org

fail() { echo "$1, at $at:"; sed -n '/<main/,/<\/main/p' "$page" | head -n 60; exit 1; }
visit() { at=$(curl -sS --max-time 30 -L -b "$dir/jar" -c "$dir/jar" -o "$page" -w '%{http_code} %{url_effective}' "$@"); [ "${at%% *}" = 200 ] || fail "no page"; at=${at#* }; }
absolute() { case $1 in http*) echo "$1" ;; *) echo "$shop$1" ;; esac; }
html_text() { sed 's/&quot;/"/g; s/&#x27;/'"'"'/g; s/&#39;/'"'"'/g; s/&#x2F;/\//g; s/&lt;/</g; s/&gt;/>/g; s/&amp;/\&/g'; }
first() { grep -oE "$1=\"[^\"]*$2[^\"]*\"" "$page" | head -n 1 | cut -d'"' -f2 | html_text; }
follow() { local href; href=$(first href "$1"); [ -n "$href" ] || fail "no link $1"; visit "$(absolute "$href")"; }
# What the form's hidden fields and the chosen radio button hold, then our own fields.
submit() { # action pattern, name=value …
	local action fields=()
	action=$(first action "$1")
	[ -n "$action" ] || fail "no form $1"
	while IFS= read -r tag; do
		fields+=(--data-urlencode "$(sed -E 's/.* name="([^"]*)".*/\1/' <<<"$tag")=$(sed -E 's/.* value="([^"]*)".*/\1/' <<<"$tag" | html_text)")
	done < <(tr '\n' ' ' <"$page" | grep -oE "<form[^>]* action=\"[^\"]*$1[^\"]*\".*" | sed 's/<\/form>.*//' | grep -oE '<input[^>]*( type="hidden"| checked)[^>]*>' | grep ' value="')
	shift
	for pair; do fields+=(--data-urlencode "$pair"); done
	visit -H "Origin: $shop" "${fields[@]}" "$(absolute "$action")"
}
is_at() { case $at in *$1*) ;; *) fail "expected $1" ;; esac; }
shows() { grep -qF -- "$1" "$page" || fail "the page does not show $1"; }

visit "$shop/"
follow /c/
follow /p/
product=$at
visit "$shop/search?q=cup"
shows /p/
visit "$product"
submit /cart/lines quantity=1
visit "$shop/cart"
follow /checkout
submit /checkout/address "email=$mail" "name=Mara Lindqvist" "line1=Gartenweg 7" "city=Freiburg" postal_code=79098 country=DE
is_at /checkout/shipping
submit /checkout/shipping
is_at /checkout/review
submit /checkout/place
is_at /pay/
submit /pay/
is_at /mock-provider/
submit /mock-provider/ "number=4242 4242 4242 4242" exp=12/31 cvc=123 "name=Mara Lindqvist"
is_at /thanks
follow /track/
number=$(sed -nE 's/.*<h1>[^<]* ([A-Z0-9-]+)<\/h1>.*/\1/p' "$page")
[ -n "$number" ] || fail "no order number"
for _ in $(seq 100); do
	! grep -rqF "$mail" "$maildir/new" 2>/dev/null || { echo "order $number, confirmed by mail to $mail"; exit 0; }
	sleep 0.1
done
fail "no mail to $mail"
