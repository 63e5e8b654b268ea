package glia.cli.chat;

import glia.cli.terminal.Console;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/// Messages from a pipe, a file or a dumb terminal: one a line, except for those that [MessageParser] continues.
final class PlainInput implements Input {
    private final Console console;
    private final BufferedReader reader;

    PlainInput(Console console) {
        this.console = console;
        this.reader = new BufferedReader(new InputStreamReader(console.in(), StandardCharsets.UTF_8));
    }

    @Override
    public String next() {
        try {
            prompt("> ");
            String typed = reader.readLine();
            while (typed != null && MessageParser.isOpen(typed)) {
                prompt(". ");
                String more = reader.readLine();
                if (more == null) {
                    break;
                }
                typed += "\n" + more;
            }
            return typed == null ? null : MessageParser.message(typed);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void prompt(String sign) {
        if (console.inIsTerminal()) {
            console.err().print(sign);
            console.err().flush();
        }
    }

    @Override
    public int width() {
        return 0;
    }

    @Override
    public void beginAnswer(Runnable onStop) {}

    @Override
    public void endAnswer() {}

    @Override
    public void close() {}
}
