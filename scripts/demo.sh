#!/usr/bin/env bash
# A mail server to try, in ./demo (`make run`): two accounts, a few messages, a campaign that is played
# with people who answer; Ctrl-C stops it. A second run keeps the mail. RESET=1 starts over. BASE_PORT=N
# sets where it listens (of several, 'N M', the first that is free); without it a free place is chosen, anew
# where another program has taken it since.
# DEMO_FOLDER=DIR puts it there.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/install-packages.sh run

program=${POSTHASTE_BIN:-build/posthaste}
domain=example.test
hostname=mx.example.test
services=(25 587 465 143 993 110 995 80 443)
# Who owns a data folder that root makes.
store_user=62001

fail() {
    echo "demo: $*" >&2
    exit 1
}

port_is_free() {
    ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

base_is_free() {
    local port
    for port in "${services[@]}"; do
        port_is_free $(($1 + port)) || return 1
    done
}

# Tries the bases in the order given, the usual ones after them.
choose_base() {
    local base
    for base in $(printf '%s\n' "$@" {10,11,12,13,14,20,21,22}000 | awk '!seen[$0]++'); do
        if base_is_free "$base"; then
            echo "$base"
            return
        fi
        echo "demo: ports above $base are taken by another program; trying others" >&2
    done
    fail "no free ports found; name a base with BASE_PORT=N"
}

# Root's server gives up root, and its users do not get into a closed folder such as /root.
choose_folder() {
    if [ "$(id -u)" = 0 ] && ! setpriv --reuid "$store_user" --regid "$store_user" --clear-groups test -x "$PWD"; then
        echo "demo: $PWD is closed to the server's users, so all is in /var/lib/posthaste-demo" >&2
        # The commands that are shown lead there, too.
        if [ -L demo ] || [ ! -e demo ]; then ln -sfn /var/lib/posthaste-demo demo; fi
        if [ -L demo ]; then echo demo; else echo /var/lib/posthaste-demo; fi
    else
        echo demo
    fi
}

password_of() {
    sed -n "s/^$1@$domain //p" "$folder/accounts"
}

add_account() {
    local password
    password=$(od -An -N6 -tx1 /dev/urandom | tr -d ' \n')
    echo "$password" | "$program" account add "$1@$domain" --data "$data" --password-stdin >/dev/null
    echo "$1@$domain $password" >>"$folder/accounts"
}

# What a link leads to goes, the link stays.
empty_folder() {
    rm -rf "$(realpath -m "$folder")"
}

# Letters leave in seconds, and mailboxes are looked at as often: all of it on this machine.
settings() {
    cat <<'WORDS'

# For the demo alone: fay's mailbox is at a "provider" on this machine, and looked at every second.
outbound.allow_private = yes
outreach.poll_seconds = 1
outreach.check_seconds = 1
WORDS
}

# cert.pem comes last: without it the folder is half made, and made anew.
create() {
    local base
    # Of several each is a word.
    # shellcheck disable=SC2086
    base=$(choose_base ${BASE_PORT-})
    empty_folder
    mkdir -p "$(realpath -m "$folder")"
    (umask 077 && : >"$folder/accounts")
    "$program" init --data "$data" --domain "$domain" --hostname "$hostname" --base-port "$base" >/dev/null
    settings >>"$data/posthaste.conf"
    add_account alice
    add_account bob
    cp "$data/tls/cert.pem" "$folder/cert.pem"
}

base_of() {
    sed -n 's/^base_port = //p' "$data/posthaste.conf"
}

# The ports of last time may be another's now, or others be asked for.
move_base() {
    local base
    # shellcheck disable=SC2086
    base=$(choose_base ${BASE_PORT:-$1})
    [ "$base" != "$1" ] || return 0
    sed -i "s/^base_port = .*/base_port = $base/" "$data/posthaste.conf"
    echo "demo: listens above $base from now on, not $1"
}

# The server holds this lock as long as it lives.
is_running() {
    [ -e "$data/run/serve.lock" ] && ! flock -n "$data/run/serve.lock" true
}

wait_until_up() {
    local tries
    for tries in $(seq 300); do
        if ! port_is_free $((base + 25)) && ! port_is_free $((base + 993)); then return; fi
        kill -0 "$server" 2>/dev/null || fail "the server did not start; its last words: $(tail -n 3 "$folder/log")"
        sleep 0.1
    done
    fail "the server does not answer after $((tries / 10)) s; see $folder/log"
}

curl_server() {
    curl --silent --show-error --cacert "$folder/cert.pem" --noproxy '*' "$@"
}

# Submits a message: FROM PASSWORD TO FILE. A machine that is busy with other things may need more than one try.
hand_in() {
    local tries said
    for tries in 1 2 3 4 5; do
        said=$(curl_server --resolve "$hostname:$((base + 465)):127.0.0.1" --user "$1:$2" --mail-from "$1" \
            --mail-rcpt "$3" --upload-file "$4" "smtps://$hostname:$((base + 465))/client.$domain" 2>&1) && return
        sleep "$tries"
    done
    fail "the server did not take a message of $1 ($said); $folder/log says more, RESET=1 make run starts over"
}

submit() {
    hand_in "$1@$domain" "$(password_of "$1")" "$2@$domain" "$3"
}

headers() {
    printf 'From: %s <%s@%s>\nTo: %s <%s@%s>\nSubject: %s\nDate: %s\nMessage-ID: <%s@%s>\nMIME-Version: 1.0\n' \
        "$2" "$1" "$domain" "$4" "$3" "$domain" "$5" "$(LC_ALL=C date '+%a, %d %b %Y %H:%M:%S %z')" \
        "$(od -An -N8 -tx1 /dev/urandom | tr -d ' \n')" "$domain"
}

message_plain() {
    headers alice Alice bob Bob 'Lunch on Thursday?'
    printf 'Content-Type: text/plain; charset=us-ascii\n\nHi Bob,\n\nshall we have lunch on Thursday? The place by the river has tables outside.\n\nAlice\n'
}

message_foreign() {
    headers bob Bob alice Alice '=?utf-8?Q?Gr=C3=BC=C3=9Fe_aus_K=C3=B6ln_=E2=98=95?='
    printf 'Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\nLiebe Alice,\n\nschöne Grüße vom Rhein. 日本語も Ελληνικά тоже работают.\n\nBob\n'
}

message_attachment() {
    headers alice Alice bob Bob 'The figures you asked for'
    printf 'Content-Type: multipart/mixed; boundary="demo-mixed"\n\n--demo-mixed\nContent-Type: multipart/alternative; boundary="demo-both"\n\n'
    printf -- '--demo-both\nContent-Type: text/plain; charset=utf-8\n\nThey are attached. The third quarter looks good.\n\n'
    printf -- '--demo-both\nContent-Type: text/html; charset=utf-8\n\n<p>They are <b>attached</b>. The third quarter looks <i>good</i>.</p>\n\n--demo-both--\n\n'
    printf -- '--demo-mixed\nContent-Type: text/csv; name="figures.csv"\nContent-Disposition: attachment; filename="figures.csv"\nContent-Transfer-Encoding: base64\n\n'
    printf 'quarter,orders,revenue\nQ1,120,48000\nQ2,131,52400\nQ3,164,65600\n' | base64
    printf -- '--demo-mixed--\n'
}

# curl sends a file's lines as they are, and mail's end with CRLF.
fill_mailboxes() {
    local kind
    for kind in attachment foreign plain; do
        "message_$kind" | sed 's/$/\r/' >"$folder/message.eml"
        case $kind in
        foreign) submit bob alice "$folder/message.eml" ;;
        *) submit alice bob "$folder/message.eml" ;;
        esac
    done
    mv "$folder/message.eml" "$folder/hello.eml"
}

# ---- outreach, played: alice's campaign to four people under .test, who are accounts here, and their answers;
# and fay's, from a mailbox at a provider who switches IMAP off ----

people_domain=people.test
campaign=letters
fays_campaign=fays-letters
fay=fay@$people_domain

outreach() {
    "$program" outreach "$@" --data "$data"
}

# NAME of the sequence, delay of its second step, further settings.
sequence() {
    cat <<WORDS
name: $1
sender: {name: Alice, company: Example, address: "Example street 1, 10115 Berlin, Germany"}
opt_out: {sentence: "If you would rather not hear from me, just reply no thanks."}
${3-}
steps:
  - subject: "A question, {{first_name|you}}"
    body: |
      Hello {{first_name|there}},

      do you still send invoices by hand?
  - delay: $2
    body: |
      Did you see my question, {{first_name|by chance}}?
WORDS
}

# Gaps of seconds are let start only where every recipient is under .test.
quick_sequence() {
    sequence "$1" "$2" "windows: [{days: Mon-Sun, from: \"0:00\", to: \"24:00\"}]
pace: {gap: 1-1 seconds, hourly: 1000, daily: 1000, recipient_domain_daily: 1000, sending_domain_daily: 1000}"
}

make_people() {
    local name
    "$program" domain add "$people_domain" --data "$data" >/dev/null
    for name in ben cara dora gil fay; do
        echo "$people_password" | "$program" account add "$name@$people_domain" --data "$data" --password-stdin >/dev/null
    done
    for name in ben cara dora emil gil; do
        "$program" contact set "$name@$people_domain" "first_name=${name^}" --data "$data" >/dev/null
    done
}

# As an outside mailbox: by SMTP and IMAP, tested both ways before anything leaves from it.
add_fays_mailbox() {
    local said
    said=$(echo "$people_password" | outreach mailbox add "$fay" --outside --password-stdin --name Fay \
        --smtp "127.0.0.1:$((base + 587))" --smtp-tls never --imap "127.0.0.1:$((base + 143))" --imap-tls never 2>&1) ||
        fail "fay's mailbox did not pass its test: $said"
}

make_campaigns() {
    local name
    quick_sequence "$campaign" '20 seconds' >"$folder/letters.yaml"
    quick_sequence "$fays_campaign" '30 days' >"$folder/fays-letters.yaml"
    sequence question '3 working days' >"$folder/sequence.yaml"
    outreach create "$folder/letters.yaml" --mailbox "alice@$domain" >/dev/null
    outreach create "$folder/fays-letters.yaml" --mailbox "$fay" >/dev/null
    for name in ben cara dora emil; do outreach add "$campaign" --contact "$name@$people_domain" >/dev/null; done
    outreach add "$fays_campaign" --contact "gil@$people_domain" >/dev/null
}

# The Message-ID of the last letter to somebody.
letter_to() {
    outreach why "$1@$people_domain" | grep -o '<[^>]*>' | tail -n 1
}

# Answers Alice as one of the people: NAME, a header field more (or empty), the text.
answer_as() {
    printf 'From: <%s@%s>\r\nTo: <alice@%s>\r\nSubject: Re: A question\r\nDate: %s\r\nMessage-ID: <%s.%s@%s>\r\nIn-Reply-To: %s\r\n%s\r\n%s\r\n' \
        "$1" "$people_domain" "$domain" "$(LC_ALL=C date '+%a, %d %b %Y %H:%M:%S %z')" "$1" "$RANDOM" "$people_domain" \
        "$(letter_to "$1")" "$2" "$3" >"$folder/answer.eml"
    hand_in "$1@$people_domain" "$people_password" "alice@$domain" "$folder/answer.eml"
    rm "$folder/answer.eml"
}

# The weekday on which somebody is written to again.
resumes() {
    local at tries
    for tries in 1 2 3 4 5; do
        at=$(outreach why "$1@$people_domain" | sed -n 's/^    next: \(.* UTC\)$/\1/p') || at=''
        [ -z "$at" ] || break
        sleep "$tries"
    done
    [ -z "$at" ] || LC_ALL=C date -u -d "$at" +%A
}

out_of_office() {
    local back=$1 again
    again=$(resumes dora)
    if [ "$again" = "$back" ]; then
        echo "dora: out of office until $back, resumes then"
    else
        echo "dora: out of office until $back, resumes on ${again:-no day}"
    fi
}

# One event: what the people do then, and what is to be told of it.
play() {
    local kind=$1 name=${3%%@*} detail=$4
    case $kind-$name-$detail in
    message.sent-ben-"step 1") facts[ben-1]='ben: step 1 sent' ;;
    message.sent-ben-"step 2") facts[ben-2]='ben: step 2 sent, same thread' ;;
    message.sent-cara-*) answer_as cara '' 'Yes, we do. Tell me more.' ;;
    message.sent-dora-*)
        answer_as dora $'Auto-Submitted: auto-replied\r\n' \
            "I am out of the office until $(LC_ALL=C date -d 'next monday' '+%A, %d %B %Y')."
        ;;
    message.sent-gil-*) "$program" account set "$fay" imap=off --data "$data" >/dev/null ;;
    prospect.replied-cara-*) facts[cara]="cara: replied, follow-up cancelled (In-Reply-To $(letter_to cara))" ;;
    prospect.out_of_office-dora-*) facts[dora]=$(out_of_office Monday) ;;
    prospect.bounced-emil-5.1.1*) facts[emil]='emil: 5.1.1, suppressed' ;;
    campaign.paused-*-*imap-disabled*) facts[fay]="fay's mailbox: IMAP is disabled, sequence paused" ;;
    esac
}

# A line a fact, in this order whichever is known first.
tell_facts() {
    while [ ${#story[@]} != 0 ] && [ -n "${facts[${story[0]}]-}" ]; do
        echo "  ${facts[${story[0]}]}"
        story=("${story[@]:1}")
    done
}

play_events() {
    local id kind name detail tries at_campaign
    local -A facts=() seen=()
    local -a story=(ben-1 cara dora emil fay ben-2)
    for tries in $(seq 300); do
        while read -r id _ _ _ kind at_campaign name detail; do
            seen[$at_campaign]=$id
            play "$kind" "$at_campaign" "$name" "$detail"
        done < <(play_log)
        tell_facts
        [ ${#story[@]} != 0 ] || return 0
        kill -0 "$server" 2>/dev/null || fail "the server ended; its last words: $(tail -n 3 "$folder/log")"
        sleep 0.2
    done
    echo "demo: this did not happen in $((tries / 5)) s: ${story[*]}; $program outreach events $campaign --data $data" \
        "and $folder/log say more" >&2
}

# What happened in both campaigns since, in order. Each has its own place: what happens in one while the other is
# read is read the next time.
play_log() {
    local name
    for name in "$campaign" "$fays_campaign"; do
        outreach events "$name" ${seen[$name]:+"${seen[$name]}"} || return
    done | sort
}

# An interrupted play is not gone on with: the folder is made anew.
play_outreach() {
    : >"$folder/playing"
    people_password=$(od -An -N6 -tx1 /dev/urandom | tr -d ' \n')
    echo "Outreach, played at a pace that only recipients under .test allow:"
    make_people
    add_fays_mailbox
    make_campaigns
    outreach start "$fays_campaign" >/dev/null
    outreach start "$campaign" >/dev/null
    play_events
    (umask 077 && echo "$people_password" >"$folder/people")
    rm "$folder/playing"
}

# ben's answer, and how curl sends it: written anew each time, for ports may have changed.
prepare_answer() {
    printf 'From: Ben <ben@%s>\r\nTo: <alice@%s>\r\nSubject: Re: A question, Ben\r\nIn-Reply-To: %s\r\n\r\nYes, we do. Call me.\r\n' \
        "$people_domain" "$domain" "$(letter_to ben)" >"$folder/ben.eml"
    (
        umask 077
        cat >"$folder/ben.curl" <<WORDS
# ben@$people_domain answers Alice's letter: curl --config FILE
url = "smtps://$hostname:$((base + 465))/client.$people_domain"
resolve = "$hostname:$((base + 465)):127.0.0.1"
noproxy = "*"
cacert = "$(realpath "$folder")/cert.pem"
user = "ben@$people_domain:$(cat "$folder/people")"
mail-from = "ben@$people_domain"
mail-rcpt = "alice@$domain"
upload-file = "$(realpath "$folder")/ben.eml"
silent
show-error
WORDS
    )
}

explain_outreach() {
    [ -f "$folder/people" ] || return 0
    prepare_answer
    cat <<WORDS

Answer Alice's letter as ben, ask why he gets no more, and when 40 letters would leave on real defaults:
  curl --config $folder/ben.curl
  $program outreach why ben@$people_domain --data $data
  $program outreach simulate $folder/sequence.yaml --contacts 40 --start 2026-07-01T09:00
WORDS
}

explain() {
    local smtps=$((base + 465)) imaps=$((base + 993))
    local trust="--cacert $folder/cert.pem --resolve $hostname"
    cat <<WORDS

Posthaste runs, for $domain, on this machine only.

  account              password
  alice@$domain   $(password_of alice)
  bob@$domain     $(password_of bob)

A mail client: server 127.0.0.1, the whole address as user name, and accept the certificate
  reading  IMAP $imaps (TLS) or $((base + 143)) (STARTTLS), POP3 $((base + 995)) (TLS) or $((base + 110)) (STARTTLS)
  sending  SMTP $smtps (TLS) or $((base + 587)) (STARTTLS)

Send a message, from this folder:
  curl $trust:$smtps:127.0.0.1 --user alice@$domain:$(password_of alice) \\
    --mail-from alice@$domain --mail-rcpt bob@$domain --upload-file $folder/hello.eml \\
    smtps://$hostname:$smtps/client.$domain
Read Bob's newest message:
  curl $trust:$imaps:127.0.0.1 --user bob@$domain:$(password_of bob) \\
    'imaps://$hostname:$imaps/INBOX;MAILINDEX=*'

Everything is in $folder/, the log is $folder/log. RESET=1 make run starts over.
$1
WORDS
    explain_outreach
}

stop() {
    kill -TERM "$server" 2>/dev/null || true
    wait "$server" || true
}

[ -x "$program" ] || fail "$program is not built; run make"
folder=${DEMO_FOLDER:-$(choose_folder)}
data=$folder/data
if [ -e "$folder" ] && ! [ -O "$folder" ]; then
    fail "$folder was made by another user, $(stat -c %U "$folder"): run it as that one, or remove the folder"
fi
if is_running; then
    server=$(cat "$folder/pid")
    [ -z "${RESET:-}" ] || fail "it is running, so RESET=1 does nothing; first stop it with Ctrl-C, or: kill $server"
    base=$(base_of)
    explain "It was running already, and still is. Stop it where it was started with Ctrl-C, or: kill $server"
    exit
fi
if [ -n "${RESET:-}" ]; then empty_folder; fi
if [ -f "$folder/playing" ]; then
    echo "demo: the run before was interrupted; starting over"
    empty_folder
fi
if [ -f "$folder/cert.pem" ]; then move_base "$(base_of)"; else create; fi
base=$(base_of)
"$program" serve --data "$data" >>"$folder/log" 2>&1 &
server=$!
echo "$server" >"$folder/pid"
trap stop EXIT
trap 'exit 0' INT TERM HUP
wait_until_up
[ -f "$folder/hello.eml" ] || fill_mailboxes
[ -f "$folder/people" ] || play_outreach
explain 'Ctrl-C stops it.'
wait "$server"
