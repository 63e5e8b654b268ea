package glia.text.thinking;

import glia.text.thinking.ThinkingFormat.Channels;
import glia.text.thinking.ThinkingFormat.Tags;
import java.util.List;
import java.util.Optional;

/// Splits a generated text into thinking and answer while it is streamed. Markers may be cut anywhere: any division of
/// the text into pieces gives the same thinking and the same answer.
///
/// Blank characters around the thinking, and before an answer that follows it, are dropped. A text without thinking is
/// an answer, unchanged. Only thinking before the answer counts: a marker in an answer is part of it, except in formats
/// of channels. There a message to a recipient, which is a tool call, is part of the answer with its header and end:
/// [glia.text.tool.ToolCallParser] reads it. For one text and one thread.
public final class ThinkingSplitter {
    /// Receives the parts of a text.
    public interface Receiver {
        /// Receives the next piece of thinking.
        void thinking(String piece);

        /// Receives the next piece of the answer.
        void answer(String piece);
    }

    private enum Part { BEFORE, HEADER, THINKING, ANSWER, CALL }

    private static final String RECIPIENT = " to=";
    private static final List<String> HEADER_STARTS = List.of(Channels.CHANNEL, Channels.START, Channels.MESSAGE,
            RECIPIENT);
    private static final List<String> MESSAGE_ENDS = List.of(Channels.END, Channels.CALL, Channels.START,
            Channels.CHANNEL);

    private final ThinkingFormat format;
    private final Receiver receiver;
    private final StringBuilder held = new StringBuilder();
    /// Blank characters that are part of the thinking if more follows.
    private final StringBuilder blanks = new StringBuilder();
    private Part part;
    private boolean hasThinking;
    private boolean hasAnswer;
    /// Whether blank characters before the answer are dropped.
    private boolean stripsAnswer;
    /// Whether the next piece of the answer begins another message.
    private boolean isNextAnswer;
    /// Whether the thinking has just begun, so that a second start marker is dropped.
    private boolean atStart;
    /// Whether the next piece of thinking begins a message.
    private boolean isNextThinking = true;
    /// Whether nothing of the present call's arguments has come.
    private boolean isCallNew;
    /// Whether they are a JSON object.
    private boolean isJson;
    private boolean inString;
    private boolean isEscaped;

    /// @param state what the prompt said
    public ThinkingSplitter(ThinkingFormat format, PromptState state, Receiver receiver) {
        this.format = format;
        this.receiver = receiver;
        part = switch (state) {
            case OPEN -> Part.THINKING;
            case CLOSED -> Part.ANSWER;
            case UNDECIDED -> format instanceof Tags ? Part.BEFORE : Part.HEADER;
        };
        atStart = part == Part.THINKING;
    }

    /// Takes the next piece of the text.
    public void accept(String piece) {
        if (part == Part.ANSWER && format instanceof Tags && held.isEmpty()) {
            answer(piece);
            return;
        }
        held.append(piece);
        boolean goesOn = true;
        while (goesOn) {
            goesOn = step();
        }
    }

    /// Ends the text: what was held back is part of what it would have been.
    public void finish() {
        switch (part) {
            case THINKING -> thinking(take(held.length()));
            case HEADER -> {
                boolean isHeader = looksLikeHeader() && !RECIPIENT.startsWith(held.toString());
                if (!isHeader || held.indexOf(RECIPIENT) >= 0) {
                    answer(take(held.length()));
                }
            }
            case CALL -> call(take(held.length()));
            case BEFORE, ANSWER -> answer(take(held.length()));
        }
        held.setLength(0);
    }

    /// Whether the text so far ends within the thinking.
    public boolean isThinking() {
        return part == Part.THINKING;
    }

    /// Whether the answer has begun, or the thinking was skipped.
    public boolean isAnswer() {
        return part == Part.ANSWER;
    }

    /// The number of characters that are held back since they may be part of a marker.
    public int numHeld() {
        return held.length() - leadingBlanks();
    }

    private int leadingBlanks() {
        int count = 0;
        while (count < held.length() && Character.isWhitespace(held.charAt(count))) {
            count++;
        }
        return count;
    }

    /// @return whether there is more to do
    private boolean step() {
        return switch (part) {
            case BEFORE -> before();
            case HEADER -> header();
            case THINKING -> format instanceof Tags ? thinkingInTags() : message();
            case CALL -> callMessage();
            case ANSWER -> {
                if (format instanceof Channels) {
                    yield message();
                }
                answer(take(held.length()));
                yield false;
            }
        };
    }

    private boolean before() {
        int from = leadingBlanks();
        if (hasAt(held, from, format.start())) {
            held.delete(0, from + format.start().length());
            begin(Part.THINKING);
        } else if (endsInside(held, from, format.start())) {
            return false;
        } else {
            part = Part.ANSWER;
        }
        return true;
    }

    private void begin(Part next) {
        part = next;
        if (next == Part.THINKING) {
            atStart = true;
            isNextThinking = true;
            stripsAnswer = true;
        } else {
            isNextAnswer = hasAnswer;
        }
    }

    private boolean thinkingInTags() {
        if (atStart) {
            int from = leadingBlanks();
            if (hasAt(held, from, format.start())) {
                held.delete(0, from + format.start().length());
                return true;
            }
            if (endsInside(held, from, format.start())) {
                return false;
            }
            atStart = false;
        }
        int end = held.indexOf(format.end());
        if (end < 0) {
            thinking(take(held.length() - beginning(format.end())));
            return false;
        }
        thinking(take(end));
        held.delete(0, format.end().length());
        blanks.setLength(0);
        stripsAnswer = true;
        part = Part.ANSWER;
        return true;
    }

    /// A header: `<|start|>assistant<|channel|>final<|message|>`.
    private boolean header() {
        if (!looksLikeHeader()) {
            begin(Part.ANSWER);
            return true;
        }
        int end = held.indexOf(Channels.MESSAGE);
        if (end < 0) {
            return false;
        }
        String header = held.substring(0, end);
        if (header.contains(RECIPIENT)) {
            call(take(end + Channels.MESSAGE.length()));
            part = Part.CALL;
            isCallNew = true;
            isJson = false;
            inString = false;
            return true;
        }
        held.delete(0, end + Channels.MESSAGE.length());
        int at = header.lastIndexOf(Channels.CHANNEL);
        String channel = at < 0 ? "" : header.substring(at + Channels.CHANNEL.length()).strip();
        begin(channel.startsWith(Channels.ANALYSIS) ? Part.THINKING : Part.ANSWER);
        return true;
    }

    private boolean looksLikeHeader() {
        return HEADER_STARTS.stream().anyMatch(marker -> hasAt(held, 0, marker) || endsInside(held, 0, marker));
    }

    /// A message in a channel, until a marker.
    private boolean message() {
        int end = -1;
        String found = "";
        for (String marker : MESSAGE_ENDS) {
            int at = held.indexOf(marker);
            if (at >= 0 && (end < 0 || at < end)) {
                end = at;
                found = marker;
            }
        }
        int length = end >= 0 ? end : held.length() - MESSAGE_ENDS.stream().mapToInt(this::beginning).max().orElse(0);
        String text = take(length);
        if (part == Part.THINKING) {
            thinking(text);
        } else {
            answer(text);
        }
        if (end < 0) {
            return false;
        }
        if (found.equals(Channels.END) || found.equals(Channels.CALL)) {
            held.delete(0, found.length());
        }
        blanks.setLength(0);
        part = Part.HEADER;
        return true;
    }

    /// A call's message, until a marker that is not within a JSON string.
    private boolean callMessage() {
        for (int i = 0; i < held.length(); i++) {
            char c = held.charAt(i);
            if (inString) {
                inString = isEscaped || c != '"';
                isEscaped = !isEscaped && c == '\\';
                continue;
            }
            int at = i;
            Optional<String> found = MESSAGE_ENDS.stream().filter(marker -> hasAt(held, at, marker)).findFirst();
            if (found.isPresent()) {
                boolean isOfCall = found.get().equals(Channels.END) || found.get().equals(Channels.CALL);
                call(take(i + (isOfCall ? found.get().length() : 0)));
                blanks.setLength(0);
                part = Part.HEADER;
                return true;
            }
            if (MESSAGE_ENDS.stream().anyMatch(marker -> endsInside(held, at, marker))) {
                call(take(i));
                return false;
            }
            isJson |= isCallNew && c == '{';
            isCallNew &= Character.isWhitespace(c);
            inString = isJson && c == '"';
        }
        call(take(held.length()));
        return false;
    }

    private void thinking(String text) {
        int from = 0;
        while (isNextThinking && from < text.length() && Character.isWhitespace(text.charAt(from))) {
            from++;
        }
        int end = text.length();
        while (end > from && Character.isWhitespace(text.charAt(end - 1))) {
            end--;
        }
        if (end > from) {
            receiver.thinking((isNextThinking && hasThinking ? "\n\n" : blanks.toString()) + text.substring(from, end));
            blanks.setLength(0);
            hasThinking = true;
            isNextThinking = false;
        }
        if (!isNextThinking) {
            blanks.append(text, end, text.length());
        }
    }

    private void call(String text) {
        if (!text.isEmpty()) {
            receiver.answer(text);
        }
    }

    private void answer(String text) {
        int from = 0;
        if ((stripsAnswer && !hasAnswer) || isNextAnswer) {
            while (from < text.length() && Character.isWhitespace(text.charAt(from))) {
                from++;
            }
        }
        if (from < text.length()) {
            receiver.answer((isNextAnswer ? "\n\n" : "") + text.substring(from));
            hasAnswer = true;
            isNextAnswer = false;
        }
    }

    private String take(int length) {
        String text = held.substring(0, length);
        held.delete(0, length);
        return text;
    }

    /// The length of the longest end of the held text that begins a marker.
    private int beginning(String marker) {
        for (int n = Math.min(marker.length() - 1, held.length()); n > 0; n--) {
            if (endsInside(held, held.length() - n, marker)) {
                return n;
            }
        }
        return 0;
    }

    /// Whether a text has a marker at a position.
    private static boolean hasAt(CharSequence text, int at, CharSequence marker) {
        return text.length() - at >= marker.length() && isEqual(marker, text, at, marker.length());
    }

    /// Whether all that a text has from a position on is the beginning of a marker.
    private static boolean endsInside(CharSequence text, int from, CharSequence marker) {
        return text.length() - from <= marker.length() && isEqual(marker, text, from, text.length() - from);
    }

    private static boolean isEqual(CharSequence marker, CharSequence text, int from, int length) {
        for (int i = 0; i < length; i++) {
            if (marker.charAt(i) != text.charAt(from + i)) {
                return false;
            }
        }
        return true;
    }
}
