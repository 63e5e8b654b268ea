package glia.lab.eval;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import glia.engine.LanguageModel;
import glia.engine.sampling.SamplingOptions;
import glia.engine.schedule.GenerationRequest;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class LikelihoodsTest {
    /// Likelihoods are those of a model that does nothing else, and the other text goes on. The thread that generates
    /// waits until the one that evaluates has begun.
    @Test
    void textsAreGeneratedMeanwhile() throws Exception {
        try (LanguageModel model = LanguageModel.load("stories260K")) {
            Likelihoods likelihoods = new Likelihoods(model);
            int[] text = model.tokenizer().encode("Once upon a time there was a girl named Lily.", true);
            List<Likelihoods.Request> requests = List.of(
                    new Likelihoods.Request(text, List.of(new int[] {403, 407}, new int[] {261})),
                    new Likelihoods.Request(new int[] {1}, List.of(new int[] {403})));
            double[][] expected = likelihoods.sums(requests);
            double rolling = likelihoods.rolling(1, text, 5);
            List<double[][]> found = new ArrayList<>();
            List<Double> foundRolling = new ArrayList<>();
            List<Throwable> failures = new ArrayList<>();
            Runnable evaluation = () -> {
                found.add(likelihoods.sums(requests));
                foundRolling.add(likelihoods.rolling(1, text, 5));
            };
            Thread evaluating = Thread.ofPlatform().uncaughtExceptionHandler((_, e) -> failures.add(e))
                    .unstarted(evaluation);
            int[] numTokens = {0};
            GenerationRequest.Builder request = GenerationRequest.of(1, 403).sampling(SamplingOptions.greedy())
                    .maxTokens(200).listener((_, _, _) -> {
                        if (++numTokens[0] == 3) {
                            evaluating.start();
                            while (evaluating.isAlive() && evaluating.getState() != Thread.State.WAITING) {
                                Thread.onSpinWait();
                            }
                        }
                        return true;
                    });
            model.scheduler().submit(request.build()).await();
            evaluating.join();
            assertEquals(List.of(), failures);
            for (int i = 0; i < expected.length; i++) {
                assertArrayEquals(expected[i], found.getFirst()[i], 1e-5);
            }
            assertEquals(rolling, foundRolling.getFirst(), 1e-5);
        }
    }
}
