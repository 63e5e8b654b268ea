package glia.text.tool;

import glia.text.template.ToolCall;
import glia.text.tool.ToolFormat.Braces;
import glia.text.tool.ToolFormat.Elements;
import glia.text.tool.ToolFormat.Functions;
import glia.text.tool.ToolFormat.Messages;
import glia.text.tool.ToolFormat.Named;
import glia.text.tool.ToolFormat.Objects;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Separates tool calls from the text of an answer while it is streamed. Markers may be cut anywhere: any division of
/// the text into pieces gives the same calls and the same text.
///
/// The answer has special tokens as text ([ToolFormat#isMarker]) and comes without its thinking: from
/// [glia.text.thinking.ThinkingSplitter], if the model thinks. Blank characters next to a call are dropped. A call that
/// cannot be read is reported as a [ToolProblem] with its text, and what follows is read as text again. For one answer
/// and one thread.
public final class ToolCallParser {
    /// The most characters of a call.
    public static final int MAX_CHARACTERS = 1 << 20;
    private static final int MAX_BLANKS = 256;

    /// Receives the parts of an answer, in their order.
    public interface Receiver {
        /// Receives the next piece of ordinary text.
        void text(String piece);

        /// A call begins.
        ///
        /// @param index the number of the call in the answer, from 0
        /// @param id the id; empty if there is none, or if it comes after the arguments
        void begin(int index, String id, String name);

        /// Receives the next piece of a call's arguments: the pieces together are a JSON object.
        void arguments(int index, String piece);

        /// A call is complete.
        ///
        /// @param call the whole call
        void end(int index, ToolCall call);

        /// A call cannot be read. By default its text is ordinary text.
        default void problem(ToolProblem problem) {
            text(problem.text());
        }
    }

    private final ToolFormat format;
    private final ToolSchemas schemas;
    private final Receiver receiver;
    private final int maxCharacters;
    private final CallOutput out;
    private final StringBuilder held = new StringBuilder();
    private CallText text;
    private CallReader reader;
    private boolean isFinal;
    /// Whether nothing but blank characters came before.
    private boolean atStart = true;
    /// Whether a call came last, so that blank characters are dropped.
    private boolean isAfterCall;

    /// @param tools the tools as a template gets them:
    ///        `{"type": "function", "function": {"name": …, "parameters": {…}}}`
    public ToolCallParser(ToolFormat format, List<Map<String, Object>> tools, Receiver receiver) {
        this(format, tools, receiver, MAX_CHARACTERS);
    }

    /// @param maxCharacters the most characters of a call; a longer one is a problem
    public ToolCallParser(ToolFormat format, List<Map<String, Object>> tools, Receiver receiver, int maxCharacters) {
        this.format = format;
        this.schemas = new ToolSchemas(tools);
        this.receiver = receiver;
        this.maxCharacters = maxCharacters;
        this.out = new CallOutput(receiver);
    }

    /// Takes the next piece of the answer.
    public void accept(String piece) {
        held.append(piece);
        run();
    }

    /// Ends the answer: what was held back is text, or an unfinished call.
    public void finish() {
        isFinal = true;
        if (text != null) {
            text.end();
        }
        run();
    }

    /// Something else follows the text, such as thinking: what was held back as the beginning of a marker is text. Has
    /// no effect within a call.
    public void interrupt() {
        if (reader == null) {
            int end = held.length();
            while (end > 0 && CallText.isBlank(held.charAt(end - 1))) {
                end--;
            }
            pass(end);
        }
    }

    /// Whether the text so far ends within a call.
    public boolean isInCall() {
        return reader != null;
    }

    private void run() {
        boolean goesOn = true;
        while (goesOn) {
            goesOn = reader == null ? text() : call();
        }
    }

    /// Passes on text up to the next call.
    ///
    /// @return whether a call begins
    private boolean text() {
        if (atStart && !isMarked()) {
            return reader != null;
        }
        int found = -1;
        String opener = "";
        for (String marker : format.openers()) {
            int at = held.indexOf(marker);
            if (at >= 0 && (found < 0 || at < found || at == found && marker.length() > opener.length())) {
                found = at;
                opener = marker;
            }
        }
        int length = found >= 0 ? found : held.length() - numHeld();
        int end = length;
        while (end > 0 && CallText.isBlank(held.charAt(end - 1))) {
            end--;
        }
        boolean isLast = isFinal && found < 0;
        if (found < 0 && (isLast && !(isAfterCall && end == 0) || length - end > MAX_BLANKS)) {
            end = length;
        }
        pass(end);
        if (found >= 0) {
            begin(length - end, opener);
        } else if (isLast) {
            held.setLength(0);
        }
        return found >= 0;
    }

    private void pass(int length) {
        int from = 0;
        while (isAfterCall && from < length && CallText.isBlank(held.charAt(from))) {
            from++;
        }
        if (from < length) {
            receiver.text(held.substring(from, length));
            isAfterCall = false;
            atStart = false;
        }
        held.delete(0, length);
    }

    /// Looks at the beginning of the answer, where a call may have no marker.
    ///
    /// @return whether there is no such call; if false, one begins or more text is needed
    private boolean isMarked() {
        String start = format instanceof Messages ? Messages.TO
                : format instanceof Objects objects && objects.begin().isEmpty() ? "{" : "";
        int at = 0;
        while (at < held.length() && CallText.isBlank(held.charAt(at))) {
            at++;
        }
        int length = Math.min(start.length(), held.length() - at);
        if (start.isEmpty() || at > MAX_BLANKS || !held.substring(at, at + length).equals(start.substring(0, length))) {
            return true;
        }
        if (length < start.length()) {
            return isFinal;
        }
        begin(at, "");
        return false;
    }

    /// Begins to read a call.
    ///
    /// @param blanks the number of blank characters before it
    private void begin(int blanks, String opener) {
        atStart = false;
        text = new CallText(held);
        if (isFinal) {
            text.end();
        }
        text.move(blanks + opener.length());
        reader = reader(opener);
    }

    private CallReader reader(String opener) {
        return switch (format) {
            case Objects objects when objects.begin().isEmpty() && !opener.isEmpty() ->
                new TaggedReader(text, out, !opener.equals(Objects.PYTHON_TAG));
            case Objects objects -> new ObjectReader(text, out, objects.end(),
                    opener.isEmpty() ? schemas.names() : null);
            case Named named -> new NamedReader(text, out, named, opener.equals(named.section()));
            case Elements elements -> new ElementReader(text, out, elements, schemas,
                    opener.equals(elements.call().begin()));
            case Braces braces -> new BraceReader(text, out, braces, schemas);
            case Functions functions -> new FunctionReader(text, out, functions.end());
            case Messages _ -> new MessageReader(text, out);
        };
    }

    /// Reads on in a call.
    ///
    /// @return whether there is more to do
    private boolean call() {
        try {
            if (!reader.step()) {
                end(true);
            }
            return true;
        } catch (CallReader.Incomplete e) {
            if (isFinal) {
                giveUp(ToolProblem.Kind.UNFINISHED, "the text ends within a call", held.length());
                return true;
            }
            if (text.numUncommitted() > maxCharacters) {
                giveUp(ToolProblem.Kind.TOO_LONG, "the call has more than " + maxCharacters + " characters",
                        text.length());
                return true;
            }
            return false;
        } catch (CallReader.Malformed e) {
            giveUp(e.kind(), e.getMessage(), text.at());
            return true;
        }
    }

    private void giveUp(ToolProblem.Kind kind, String message, int until) {
        text.move(until - text.at());
        boolean isGuess = reader.isGuess();
        int index = out.index();
        String rest = text.uncommitted();
        out.cancel();
        end(false);
        if (isGuess) {
            if (!rest.isEmpty()) {
                receiver.text(rest);
            }
        } else {
            receiver.problem(new ToolProblem(kind, index, message, rest));
        }
    }

    private void end(boolean isCall) {
        held.delete(0, text.at());
        reader = null;
        text = null;
        isAfterCall = isCall;
    }

    /// The number of characters at the end that may begin a marker.
    private int numHeld() {
        if (isFinal) {
            return 0;
        }
        int most = 0;
        for (String marker : format.openers()) {
            for (int n = Math.min(marker.length() - 1, held.length()); n > most; n--) {
                if (marker.startsWith(held.substring(held.length() - n))) {
                    most = n;
                }
            }
        }
        return most;
    }
}
