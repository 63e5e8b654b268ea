package glia.cli.command;

import glia.cli.args.Option;
import glia.cli.terminal.Console;
import tools.jackson.databind.json.JsonMapper;

/// Results as one JSON document on standard output.
final class Json {
    static final Option<Boolean> OPTION = Option.flag("print one JSON document", "--json");

    private Json() {}

    static void print(Console console, Object document) {
        console.out().println(JsonMapper.shared().writeValueAsString(document));
    }
}
