package glia.text.tool;

import glia.text.tool.ToolFormat.Messages;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Reads [ToolFormat.Messages]: the header of a message, and its arguments if it has a recipient.
final class MessageReader implements CallReader {
    private static final String NAMESPACE = "functions.";
    private static final Pattern TO = Pattern.compile("(?:^|\\s)to=([^\\s<]*)");

    private enum State { HEADER, ARGUMENTS, CLOSE }

    private final CallText text;
    private final CallOutput out;
    private final ArgumentsReader arguments;
    private State state = State.HEADER;

    MessageReader(CallText text, CallOutput out) {
        this.text = text;
        this.out = out;
        this.arguments = new ArgumentsReader(text);
    }

    /// A message without a recipient is not a call.
    @Override
    public boolean isGuess() {
        return state == State.HEADER;
    }

    @Override
    public boolean step() {
        switch (state) {
            case HEADER -> {
                int from = text.at();
                String header = text.until(List.of(Messages.MESSAGE));
                Matcher to = TO.matcher(header);
                if (!to.find()) {
                    text.move(from - text.at());
                    throw text.unexpected("to=");
                }
                String name = to.group(1);
                text.expect(Messages.MESSAGE);
                state = State.ARGUMENTS;
                out.begin("", name.startsWith(NAMESPACE) ? name.substring(NAMESPACE.length()) : name);
            }
            case ARGUMENTS -> {
                arguments.read(out);
                out.end();
                text.commit();
                state = State.CLOSE;
            }
            case CLOSE -> {
                text.skipBlanks();
                if (!text.isAtEnd()) {
                    text.skipAny(List.of(Messages.CALL, Messages.END));
                }
                text.commit();
                return false;
            }
        }
        return true;
    }
}
