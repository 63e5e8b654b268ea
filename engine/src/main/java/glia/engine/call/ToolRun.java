package glia.engine.call;

import glia.engine.LanguageModel;
import glia.engine.answer.AnswerEnd;
import glia.engine.answer.AnswerReceiver;
import glia.engine.answer.CollectedAnswer;
import glia.engine.answer.Tools;
import glia.engine.schedule.Finish;
import glia.engine.state.ContextFullException;
import glia.text.template.ChatMessage;
import glia.text.template.ToolCall;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/// Answers a conversation with tools that run here: the model's calls run, and their results go back to it, until it
/// answers without a call. The receiver gets thinking and text of all rounds as one answer, and no calls.
public final class ToolRun {
    /// The most answers to one message; the last one has no tools.
    private static final int MOST_ROUNDS = 16;

    private final LanguageModel model;
    private final GenerationCall call;
    private final Tools tools;
    private final String between;
    private final List<ChatMessage> messages;
    private CollectedAnswer last = new CollectedAnswer();
    private boolean hasText;
    private boolean isNewRound;

    /// @param call a conversation, which gets the tools
    /// @param between the text between the texts of two rounds
    /// @throws CallException if the model takes no tools
    public ToolRun(LanguageModel model, GenerationCall call, Tools tools, String between) {
        this.model = model;
        this.call = call;
        this.tools = tools;
        this.between = between;
        this.messages = new ArrayList<>(((Prompt.Conversation) call.prompt()).messages());
    }

    /// The messages of the conversation, with the answers, calls and results so far.
    public List<ChatMessage> messages() {
        return messages;
    }

    /// The last answer of the model.
    public CollectedAnswer last() {
        return last;
    }

    /// Whether a call gets the tools of the server: one answer to a conversation that has none of its own and did not
    /// refuse them.
    static boolean applies(LanguageModel model, GenerationCall call) {
        return call.terms().tools().isPresent() && model.tools().isPresent() && !call.toolChoice().isNone()
                && call.numSamples() == 1 && call.numAlternatives() < 0
                && call.prompt() instanceof Prompt.Conversation conversation && conversation.tools().isEmpty()
                && !conversation.continues();
    }

    /// The call with other tools.
    static GenerationCall with(GenerationCall call, List<ChatMessage> messages, List<Map<String, Object>> schemas) {
        return call.withPrompt(new Prompt.Conversation(messages, schemas,
                ((Prompt.Conversation) call.prompt()).variables(), false));
    }

    /// Runs all rounds.
    ///
    /// @param isWanted asked between events: false cancels the answer
    public void run(AnswerReceiver receiver, BooleanSupplier isWanted) {
        run(new GenerationRun(model, with(call, messages, tools.schemas()), false), receiver, isWanted);
    }

    /// @param first the run of the first answer
    void run(GenerationRun first, AnswerReceiver receiver, BooleanSupplier isWanted) {
        long since = System.nanoTime();
        GenerationRun next = first;
        AnswerEnd total = null;
        for (int i = 1; next != null; i++) {
            last = new Round(receiver);
            isNewRound = hasText;
            next.generate(last, isWanted);
            List<ChatMessage> results = ToolMessages.of(last, tools);
            messages.addAll(results);
            if (last.end().isEmpty()) {
                return;
            }
            total = sum(total, last.end().get());
            next = null;
            if (results.size() > 1) {
                if (!isWanted.getAsBoolean()) {
                    return;
                }
                try {
                    next = round(i + 1 < MOST_ROUNDS, since);
                } catch (ContextFullException e) {
                    total = total.withFinish(Finish.CONTEXT);
                }
            }
        }
        receiver.ended(0, total);
    }

    private GenerationRun round(boolean hasTools, long since) {
        GenerationCall next = call.withTerms(call.terms().withTimeout(CallTerms.left(call.terms().timeout(), since)));
        return new GenerationRun(model, with(next, messages, hasTools ? tools.schemas() : List.of()), false);
    }

    private static AnswerEnd sum(AnswerEnd before, AnswerEnd last) {
        if (before == null) {
            return new AnswerEnd(last.finish(), last.stop(), 0, last.tokens(), last.thinkingTokens(),
                    last.promptTokens(), last.reusedTokens(), last.firstTokenNanos(), last.totalNanos());
        }
        return new AnswerEnd(last.finish(), last.stop(), 0, before.tokens() + last.tokens(),
                before.thinkingTokens() + last.thinkingTokens(), before.promptTokens() + last.promptTokens(),
                before.reusedTokens() + last.reusedTokens(), before.firstTokenNanos(),
                before.totalNanos() + last.totalNanos());
    }

    /// One answer of the model, whose calls and end are kept.
    private final class Round extends CollectedAnswer {
        private final AnswerReceiver receiver;

        Round(AnswerReceiver receiver) {
            this.receiver = receiver;
        }

        @Override
        public void thinking(int sample, String piece) {
            super.thinking(sample, piece);
            receiver.thinking(sample, piece);
        }

        @Override
        public void text(int sample, String piece) {
            super.text(sample, piece);
            receiver.text(sample, isNewRound ? between + piece : piece);
            isNewRound = false;
            hasText = true;
        }
    }

    /// The messages that follow an answer with tool calls: the answer itself, and the result of each of its calls.
    public static final class ToolMessages {
        private ToolMessages() { }

        /// Runs the calls of an answer. There are none if it was cancelled or cut off, so that it may have lost a part.
        ///
        /// @return a message of the assistant with the calls, then one with the role `tool` for each
        public static List<ChatMessage> of(CollectedAnswer answer, Tools tools) {
            List<ToolCall> calls = new ArrayList<>();
            List<ChatMessage> messages = new ArrayList<>();
            boolean isWhole = answer.end().isPresent() && !answer.end().get().isCut();
            for (CollectedAnswer.Call one : isWhole ? answer.calls() : List.<CollectedAnswer.Call>of()) {
                Optional<ToolCall> readable = parse(one);
                ToolCall call = readable.orElseGet(() ->
                        new ToolCall(one.id(), one.name(), ToolCall.readArguments(one.arguments())));
                String result;
                if (readable.isPresent()) {
                    result = tools.call(call);
                } else {
                    result = "Error: the arguments are no JSON object; the call did not run.";
                    tools.refused(call, result);
                }
                calls.add(call);
                messages.add(new ChatMessage("tool", result, List.of(), "",
                        Map.of("name", call.name(), "tool_call_id", call.id())));
            }
            messages.addFirst(new ChatMessage("assistant", answer.text(), calls, answer.thinking(), Map.of()));
            return messages;
        }

        /// The call; empty if its arguments are no JSON object.
        private static Optional<ToolCall> parse(CollectedAnswer.Call call) {
            try {
                return Optional.of(ToolCall.parse(call.id(), call.name(), call.arguments()));
            } catch (IllegalArgumentException e) {
                return Optional.empty();
            }
        }
    }
}
