package glia.engine.call;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import glia.engine.AnyReasoner;
import glia.engine.GenerationOptions;
import glia.engine.LanguageModel;
import glia.engine.answer.CollectedAnswer;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GenerationRunTest {
    private static final Duration LONGEST = Duration.ofMinutes(1);

    private static CollectedAnswer run(LanguageModel model, CallObserver observer) {
        CallTerms terms = new CallTerms("", "", LONGEST, PromptLimits.defaults(), observer, () -> false,
                Optional.empty());
        GenerationOptions options = GenerationOptions.defaults().withMaxTokens(3);
        CollectedAnswer answer = new CollectedAnswer();
        new GenerationRun(model, new GenerationCall(new Prompt.Text("1+1="), options, terms)).run(answer, () -> true);
        return answer;
    }

    /// What fails on the thread that computes ends the request, whether an answer goes on or has ended.
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void anObserverThatFailsEndsTheRequest(boolean atTheEnd) throws Exception {
        try (LanguageModel model = AnyReasoner.load()) {
            CallObserver failing = new CallObserver() {
                @Override
                public void token(long nanos) {
                    fail(!atTheEnd);
                }

                @Override
                public void ended(int promptTokens, int reusedTokens, int tokens, long firstTokenNanos) {
                    fail(atTheEnd);
                }

                private void fail(boolean isTime) {
                    if (isTime) {
                        throw new ArithmeticException("no metrics");
                    }
                }
            };
            Throwable e = assertThrows(ArithmeticException.class,
                    () -> assertTimeoutPreemptively(LONGEST, () -> run(model, failing)));
            assertEquals("no metrics", e.getMessage());
            assertEquals(0, model.scheduler().load().numRunning());
        }
    }

    @Test
    void anAnswerEnds() throws Exception {
        try (LanguageModel model = AnyReasoner.load()) {
            assertEquals(3, run(model, CallObserver.NONE).end().orElseThrow().tokens());
        }
    }
}
