package glia.serve.chat;

import glia.engine.LanguageModel;
import glia.engine.schedule.ContextFullException;
import glia.engine.schedule.Finish;
import glia.serve.request.ServerTools;
import glia.text.template.ChatMessage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;

/// Answers a conversation with tools of the server: the model's calls run here and their results go back to it, until
/// it answers without a call. The receiver gets thinking and text of all rounds as one answer, and no calls.
final class ServerToolRun {
    /// The most answers to one request; the last one has no tools.
    private static final int MOST_ROUNDS = 16;

    private final LanguageModel model;
    private final GenerationCall call;
    private final ServerTools tools;
    private final Prompt.Conversation conversation;
    private boolean hasText;
    private boolean isNewRound;

    /// @param call one with the tools of the server
    ServerToolRun(LanguageModel model, GenerationCall call) {
        this.model = model;
        this.call = call;
        this.tools = call.terms().tools().orElseThrow();
        this.conversation = (Prompt.Conversation) call.prompt();
    }

    /// Whether a call gets the tools of the server: one answer to a conversation that has none of its own and did not
    /// refuse them.
    static boolean applies(LanguageModel model, GenerationCall call) {
        return call.terms().tools().isPresent() && model.tools().isPresent() && !call.toolChoice().isNone()
                && call.numSamples() == 1 && call.numAlternatives() < 0
                && call.prompt() instanceof Prompt.Conversation conversation && conversation.tools().isEmpty()
                && !conversation.continues();
    }

    /// The call with the tools of the server.
    static GenerationCall withTools(GenerationCall call) {
        Prompt.Conversation conversation = (Prompt.Conversation) call.prompt();
        return call.withPrompt(new Prompt.Conversation(conversation.messages(),
                call.terms().tools().orElseThrow().schemas(), conversation.variables(), false));
    }

    /// @param first the run of the first answer
    void run(GenerationRun first, AnswerReceiver receiver, BooleanSupplier isWanted) {
        long since = System.nanoTime();
        List<ChatMessage> messages = new ArrayList<>(conversation.messages());
        GenerationRun next = first;
        AnswerEnd total = null;
        for (int i = 1; next != null; i++) {
            Round round = new Round(receiver);
            isNewRound = hasText;
            next.generate(round, isWanted);
            if (round.end().isEmpty()) {
                return;
            }
            total = sum(total, round.end().get());
            next = null;
            if (round.numCalls() > 0 && !total.isCut()) {
                messages.addAll(ToolMessages.of(round, tools::call));
                if (!isWanted.getAsBoolean()) {
                    return;
                }
                try {
                    next = round(messages, i + 1 < MOST_ROUNDS, since);
                } catch (ContextFullException e) {
                    total = total.withFinish(Finish.CONTEXT);
                }
            }
        }
        receiver.ended(0, total);
    }

    private GenerationRun round(List<ChatMessage> messages, boolean hasTools, long since) {
        Duration left = call.terms().timeout().minusNanos(System.nanoTime() - since);
        GenerationCall next = call.withTerms(call.terms().withTimeout(left.isPositive() ? left : Duration.ofMillis(1)));
        return new GenerationRun(model, next.withPrompt(new Prompt.Conversation(messages,
                hasTools ? tools.schemas() : List.of(), conversation.variables(), false)), false);
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
            receiver.text(sample, isNewRound ? "\n\n" + piece : piece);
            isNewRound = false;
            hasText = true;
        }
    }
}
