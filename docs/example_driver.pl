#!/usr/bin/env perl
# A driver in Perl, written from driver.md alone: a store of session ids, and prompts for Claude. Core modules only.
use strict;
use warnings;
use JSON::PP;
use POSIX qw(_exit);

my $json = JSON::PP->new->utf8->canonical->allow_nonref;
my ($world, $store);

sub refuse { my ($kind, $message) = @_; die {kind => $kind, message => $message} }

sub rows {
    open my $file, '<:raw', $store or return {};
    local $/;
    return $json->decode(scalar <$file>);
}

sub set_session {
    my $id = $_[0]{session_id};
    refuse('invalid_session_id', 'a UUID is expected')
        if ref $id or ($id // '') !~ /\A[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\z/;
    my $rows = {%{rows()}, $_[0]{key} => $id};
    open my $file, '>:raw', "$store.new" or refuse('unwritable', "$store: $!");
    print $file $json->encode($rows) and close $file and rename "$store.new", $store
        or refuse('unwritable', "$store: $!");
    return undef;
}

my %serve = (
    initialize => sub {
        $world = $_[0]{environment};
        $store = "$world->{state_dir}/sessions.json";
        return {protocol => 1, name => 'example', version => '1', language => 'perl',
            capabilities => ['store', 'resume'], options => {clock => 'none'}};
    },
    shutdown => sub { undef },
    get_session => sub { rows()->{$_[0]{key}} },
    set_session => \&set_session,
    dispatch => sub {
        my $request = $_[0]{request};
        refuse('unsupported', 'workspaces are not supported') unless defined $request->{key};
        my $id = rows()->{$request->{key}};
        my $said = claude($request, defined $id ? ('--resume', $id) : ());
        return {ok => JSON::PP::false, error => 'claude_failed'} if !$said or $said->{is_error};
        set_session({key => $request->{key}, session_id => $said->{session_id}});
        return {ok => JSON::PP::true, session_id => $said->{session_id}, text => $said->{result},
            resumed => defined $id ? JSON::PP::true : JSON::PP::false};
    },
);

# Claude gets pipes of its own: this program's stdin and stdout are the protocol's.
sub claude {
    my ($request, @options) = @_;
    pipe my $stdin, my $prompt;
    pipe my $answer, my $stdout;
    my $pid = fork // refuse('claude_failed', "fork: $!");
    if (!$pid) {
        chdir $request->{cwd} or _exit(1);
        open STDIN, '<&', $stdin;
        open STDOUT, '>&', $stdout;
        close $_ for $prompt, $answer;
        %ENV = %{$world->{env}};
        exec {$world->{claude}} $world->{claude}, '-p', '--output-format', 'json', @options or _exit(1);
    }
    close $_ for $stdin, $stdout;
    local $SIG{PIPE} = 'IGNORE';
    binmode $prompt, ':utf8';
    print $prompt $request->{prompt};
    close $prompt;
    my $said = do { local $/; <$answer> };
    waitpid $pid, 0;
    return eval { $json->decode($said) };
}

$| = 1;
while (my $line = <STDIN>) {
    my $message = $json->decode($line);
    my ($id, $method) = @$message{qw(id method)};
    my %answer = (jsonrpc => '2.0', id => $id);
    if (my $serve = $serve{$method}) {
        $answer{result} = eval { $serve->($message->{params}) };
        if (my $error = $@) {
            delete $answer{result};
            $answer{error} = ref $error
                ? {code => -32000, message => $error->{message}, data => {kind => $error->{kind}}}
                : {code => -32603, message => "$error"};
        }
    }
    else { $answer{error} = {code => -32601, message => "no method $method"} }
    print $json->encode(\%answer), "\n";
    last if $method eq 'shutdown';
}
