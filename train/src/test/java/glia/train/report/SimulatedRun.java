package glia.train.report;

import glia.train.run.TrainingListener.ScoredText;
import glia.train.run.TrainingListener.StepFigures;
import glia.train.run.TrainingListener;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/// Events with the shapes of a real run: a falling noisy loss, validation, samples, norms, loads of experts.
final class SimulatedRun {
    private SimulatedRun() { }

    static RunDescription description(long steps) {
        Map<String, String> recipe = new LinkedHashMap<>();
        recipe.put("model.family", "llama");
        recipe.put("data.text", "shakespeare.txt");
        recipe.put("optimizer.learning_rate", "0.001");
        recipe.put("note", "</script><script>alert('<b>&amp;')</script>\u2028\u0000");
        return new RunDescription("Simulated <run> & \"test\"", steps, recipe, RunDescription.javaEnvironment());
    }

    static void events(TrainingListener listener, long from, long to) {
        for (long step = from + 1; step <= to; step++) {
            Random random = new Random(step);
            double decay = Math.exp(-step / 400.0);
            Map<String, Double> parts = new LinkedHashMap<>();
            parts.put("experts/balance_loss", 0.01 + 0.02 * decay * random.nextDouble());
            parts.put("loss/mtp", 1.9 + 2.4 * decay + 0.1 * random.nextGaussian());
            parts.put("accuracy", 0.6 - 0.5 * decay + 0.02 * random.nextGaussian());
            for (int layer = 0; layer < 3; layer++) {
                for (int expert = 0; expert < 8; expert++) {
                    parts.put("experts/layer" + layer + "/load/" + expert,
                            1 / 8.0 + 0.3 * decay * (expert == layer ? 1 : -1 / 7.0) + 0.005 * random.nextGaussian());
                }
            }
            listener.step(new StepFigures(step, 1.5 + 2.7 * decay + 0.08 * random.nextGaussian(),
                    0.4 + 2 * decay * random.nextDouble(), Math.min(step / 100.0, 1) * 1e-3, 768, 768 * step,
                    0.03 + 0.004 * random.nextDouble(), parts));
            if (step % 50 == 0) {
                listener.measured(step, norms(decay, random));
                listener.validated(step, 1.55 + 2.7 * decay, true);
            }
            if (step % 200 == 0) {
                Map<String, String> samples = new LinkedHashMap<>();
                samples.put("ROMEO:", "\nStep " + step + ": <i>what</i> light & \"breaks\"\n  through");
                samples.put("JULIET:", " O Romeo, Romeo!\nwherefore art thou " + step + " times?");
                listener.sampled(step, samples);
            }
            if (step % 400 == 0) {
                listener.evaluated(step, Map.of("accuracy/held_out", step / 2000.0));
                listener.scored(step, List.of(new ScoredText("reward 1", "<b>2 + 2</b>?", List.of(" 4", "</p>"),
                        List.of(step / 400.0, Double.NaN))));
            }
            if (step % 700 == 0) {
                listener.warned(step, "the gradient of QUERY of sublayer 3 is not finite; the update is skipped");
            }
        }
    }

    private static Map<String, Double> norms(double decay, Random random) {
        Map<String, Double> norms = new LinkedHashMap<>();
        for (int i = 0; i < 12; i++) {
            for (String role : i % 2 == 0 ? new String[] {"QUERY", "KEY", "VALUE", "OUTPUT"}
                    : new String[] {"GATE", "UP", "DOWN"}) {
                norms.put("weight_norm/" + role + " of sublayer " + i, 10 + i - 3 * decay + 0.1 * random.nextDouble());
                norms.put("gradient_norm/" + role + " of sublayer " + i,
                        (0.05 + decay) * Math.exp(-i / 4.0) * (0.8 + 0.4 * random.nextDouble()));
            }
        }
        norms.put("weight_norm/EMBEDDING", 40 - decay);
        return norms;
    }
}
