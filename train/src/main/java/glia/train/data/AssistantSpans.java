package glia.train.data;

import glia.io.CheckpointException;
import glia.jinja.JinjaTemplate;
import glia.jinja.value.TextBuilder;
import glia.jinja.value.TrustedText;
import glia.text.template.ChatMessage;
import glia.text.template.ChatTemplate;
import glia.text.template.RenderOptions;
import glia.text.template.ToolCall;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/// Finds what the assistant wrote in a rendered chat: the `generation` blocks of the template where it has such, else
/// by prefixes. There, a turn begins where the text of the messages before it, with the generation prompt, ends; that
/// text must begin the text of the whole chat. It ends where the text of the messages up to it ends, if that begins the
/// text of the whole too; templates that write the last turn in another way than earlier ones (Qwen3, gpt-oss) make
/// that differ, and the end of the turn's content is found by rendering it with one more character.
final class AssistantSpans {
    private final ChatTemplate template;
    private final RenderOptions prompt;
    private final RenderOptions history;
    private final Chat chat;
    private final TrustedText whole;
    private final List<Span> spans = new ArrayList<>();

    /// A part of the text, in UTF-16 units.
    ///
    /// @param end of what belongs to the turn
    /// @param kind what `end` is
    record Span(int start, int end, Kind kind) {
        enum Kind {
            /// The template said so.
            MARKED,
            /// All of the turn is before the end.
            CLOSED,
            /// The turn's content ends here, the end-of-turn token comes behind.
            CONTENT
        }
    }

    /// @param options variables of the template and tools
    /// @throws CheckpointException if the spans cannot be found
    AssistantSpans(ChatTemplate template, RenderOptions options, Chat chat, boolean lastOnly)
            throws CheckpointException {
        this.template = template;
        this.chat = chat;
        prompt = new RenderOptions(true, chat.tools(), options.variables());
        history = new RenderOptions(false, chat.tools(), options.variables());
        JinjaTemplate.Marked marked = template.renderMarked(chat.messages(), history);
        whole = marked.text();
        if (marked.generated().length > 0) {
            mark(marked.generated());
        } else {
            for (int i = 0; i < chat.messages().size(); i++) {
                boolean isLater = IntStream.range(i + 1, chat.messages().size()).anyMatch(chat::isTrained);
                if (chat.isTrained(i) && !(lastOnly && isLater)) {
                    spans.add(turn(i));
                }
            }
        }
        if (lastOnly && spans.size() > 1) {
            spans.subList(0, spans.size() - 1).clear();
        }
    }

    /// The rendered chat.
    TrustedText text() {
        return whole;
    }

    /// The parts that the assistant wrote, in their order.
    List<Span> spans() {
        return spans;
    }

    /// Whether all tool calls of the assistant are in the text. Some templates leave them out if the content is empty
    /// instead of null.
    boolean hasToolCalls() {
        return IntStream.range(0, chat.messages().size()).filter(chat::isTrained).allMatch(i -> {
            ChatMessage message = chat.messages().get(i);
            long found = message.toolCalls().stream().filter(call -> spans.stream().anyMatch(span ->
                    whole.toString().substring(span.start(), span.end()).contains(call.name()))).count();
            return found == message.toolCalls().size();
        });
    }

    private void mark(int[] generated) throws CheckpointException {
        int[] turns = IntStream.range(0, chat.messages().size())
                .filter(i -> Chat.isAssistant(chat.messages().get(i))).toArray();
        if (2 * turns.length == generated.length) {
            IntStream.range(0, turns.length).filter(i -> chat.isTrained(turns[i]))
                    .forEach(i -> spans.add(new Span(generated[2 * i], generated[2 * i + 1], Span.Kind.MARKED)));
            return;
        }
        for (int turn : turns) {
            if (turn >= chat.numPrompt() && !chat.isTrained(turn)) {
                throw chat.place().error("messages[" + turn + "].weight", "found 0, but the chat template "
                        + template.name() + " has " + generated.length / 2 + " generation blocks for " + turns.length
                        + " turns, so those of this turn are not known; expected no weights");
            }
        }
        int from = chat.numPrompt() == 0 ? 0
                : common(template.renderTrusted(chat.messages().subList(0, chat.numPrompt()), history));
        IntStream.range(0, generated.length / 2).filter(i -> generated[2 * i] >= from)
                .forEach(i -> spans.add(new Span(generated[2 * i], generated[2 * i + 1], Span.Kind.MARKED)));
    }

    private Span turn(int index) throws CheckpointException {
        List<ChatMessage> messages = chat.messages();
        TrustedText before = template.renderTrusted(messages.subList(0, index), prompt);
        int start = common(before);
        if (start < length(before)) {
            // The generation prompt may go on with the beginning of thoughts, which this turn does not have.
            TrustedText closed = template.renderTrusted(messages.subList(0, index), history);
            if (common(closed) < length(closed) || start <= length(closed)) {
                throw noPrefix(index);
            }
        }
        if (index == messages.size() - 1) {
            return new Span(start, length(whole), Span.Kind.CLOSED);
        }
        TrustedText turn = template.renderTrusted(messages.subList(0, index + 1), history);
        if (common(turn) == length(turn)) {
            return new Span(start, length(turn), Span.Kind.CLOSED);
        }
        int end = contentEnd(index);
        if (end < start) {
            throw noPrefix(index);
        }
        return new Span(start, end, Span.Kind.CONTENT);
    }

    /// Where the content of a turn ends: what follows is the same when the content, or the last argument of its last
    /// tool call, is longer.
    private int contentEnd(int index) {
        ChatMessage message = chat.messages().get(index);
        List<ChatMessage> longer = new ArrayList<>(chat.messages());
        longer.set(index, LongerMessage.of(message));
        String other = template.renderTrusted(longer, history).toString();
        String text = whole.toString();
        int same = 0;
        while (same < text.length() && same < other.length()
                && text.charAt(text.length() - 1 - same) == other.charAt(other.length() - 1 - same)) {
            same++;
        }
        return text.length() - same;
    }

    private CheckpointException noPrefix(int index) {
        return chat.place().error("messages[" + index + "]", "the chat template " + template.name() + " renders the "
                + "messages before this turn in another way when others follow, so the tokens of the turn are not "
                + "known; expected that the text of the first " + index + " messages begins that of all. Put {% "
                + "generation %} and {% endgeneration %} around the assistant's text in the template, or change the "
                + "chat, for example by moving its system message into the user's");
    }

    private static int length(TrustedText text) {
        return text.toString().length();
    }

    /// How many characters, with their trust, a text has in common with the beginning of the whole.
    private int common(TrustedText other) {
        String a = whole.toString();
        String b = other.toString();
        int same = 0;
        while (same < a.length() && same < b.length() && a.charAt(same) == b.charAt(same)) {
            same++;
        }
        if (part(other, same).equals(part(whole, same))) {
            return same;
        }
        int at = 0;
        while (other.isTrusted(at, at + 1) == whole.isTrusted(at, at + 1)) {
            at++;
        }
        return at;
    }

    static TrustedText part(TrustedText text, int end) {
        return new TextBuilder().append(text, 0, end).whole();
    }

    /// Changes the end of a message.
    static final class LongerMessage {
        private static final String KEY = "more";

        private LongerMessage() { }

        /// The message with a longer content, or with one more argument in its last tool call.
        static ChatMessage of(ChatMessage message) {
            List<ToolCall> calls = new ArrayList<>(message.toolCalls());
            String content = message.content();
            if (calls.isEmpty()) {
                content += content.stripTrailing().endsWith("!") ? "?" : "!";
            } else {
                ToolCall last = calls.removeLast();
                Map<String, Object> arguments = new LinkedHashMap<>(last.arguments());
                arguments.put(KEY, KEY);
                calls.add(new ToolCall(last.id(), last.name(), arguments));
            }
            ChatMessage longer = new ChatMessage(message.role(), content, calls, message.reasoning(), message.extra());
            if (!(message.extra().get("content") instanceof List<?> parts)) {
                return longer;
            }
            List<Object> more = new ArrayList<>(parts);
            if (calls.isEmpty()) {
                more.add(Map.of("type", "text", "text", content.substring(message.content().length())));
            }
            return longer.withContent(more);
        }
    }
}
