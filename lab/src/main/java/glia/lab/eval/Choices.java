package glia.lab.eval;

import glia.engine.LanguageModel;
import glia.lab.eval.EvalResult.Item;
import glia.lab.eval.EvalResult.Metric;
import glia.lab.eval.EvalTask.Score;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.IntConsumer;
import tools.jackson.databind.json.JsonMapper;

/// Multiple choice by likelihood.
final class Choices {
    private final EvalTask task;
    private final LanguageModel model;
    private final Prompts prompts;

    Choices(EvalTask task, LanguageModel model, long seed) {
        this.task = task;
        this.model = model;
        prompts = new Prompts(task, model, seed);
    }

    /// The contexts and continuations of a task of choices.
    ///
    /// @param truncated contexts that lost their beginning
    private record Requests(List<Likelihoods.Request> all, int truncated) { }

    private Requests requests() {
        int maxTokens = new Likelihoods(model).maxTokens();
        List<Likelihoods.Request> requests = new ArrayList<>();
        int truncated = 0;
        for (int i = 0; i < task.items().size(); i++) {
            EvalItem.Choice choice = (EvalItem.Choice) task.items().get(i);
            Prompts.Encoded encoded = prompts.encode(prompts.context(i), choice.choices());
            int longest = encoded.continuations().stream().mapToInt(c -> c.length).max().orElseThrow();
            int room = maxTokens - longest;
            if (room < 1) {
                throw new IllegalArgumentException("item " + choice.id() + " of the task " + task.name()
                        + " has a choice of " + longest + " tokens; the model's context has "
                        + model.contextLength());
            }
            int[] context = encoded.context();
            if (context.length > room) {
                truncated++;
                context = Arrays.copyOfRange(context, context.length - room, context.length);
            }
            requests.add(new Likelihoods.Request(context, encoded.continuations()));
        }
        return new Requests(requests, truncated);
    }

    /// Computes the likelihoods of a rank's share. Ranks share the passes, so that each is the same on any number of
    /// them.
    ///
    /// @param progress gets the number of items so far
    void compute(String[] computed, Evaluation.Share share, IntConsumer progress) {
        Likelihoods likelihoods = new Likelihoods(model);
        List<Likelihoods.Request> requests = requests().all;
        int done = 0;
        for (int from = 0, pass = 0; from < requests.size(); pass++) {
            List<Likelihoods.Request> rest = requests.subList(from, requests.size());
            int count = likelihoods.batch(rest);
            if (share.has(pass)) {
                double[][] sums = likelihoods.sums(rest.subList(0, count));
                for (int i = 0; i < count; i++) {
                    computed[from + i] = JsonMapper.shared().writeValueAsString(Arrays.stream(sums[i])
                            .mapToObj(Double::toString).toList());
                    progress.accept(++done);
                }
            }
            from += count;
        }
    }

    EvalResult result(String[] computed) {
        Requests requests = requests();
        Score main = task.settings().score();
        List<Item> items = new ArrayList<>();
        long[] right = new long[Score.values().length];
        for (int i = 0; i < computed.length; i++) {
            double[] sums = Arrays.stream(JsonMapper.shared().readValue(computed[i], String[].class))
                    .mapToDouble(Double::parseDouble).toArray();
            EvalItem.Choice choice = (EvalItem.Choice) task.items().get(i);
            List<int[]> continuations = requests.all.get(i).continuations();
            for (Score score : Score.values()) {
                right[score.ordinal()] += best(choice, sums, continuations, score) == choice.answer() ? 1 : 0;
            }
            int chosen = best(choice, sums, continuations, main);
            Map<String, Object> details = new LinkedHashMap<>();
            details.put("context", prompts.context(i));
            details.put("choices", choice.choices());
            details.put("answer", choice.answer());
            details.put("chosen", chosen);
            details.put("log_probabilities", Arrays.stream(sums).boxed().toList());
            details.put("tokens", continuations.stream().map(c -> c.length).toList());
            items.add(new Item(choice.id(), chosen == choice.answer() ? 1 : 0, 1, details));
        }
        Map<String, Metric> metrics = new LinkedHashMap<>();
        for (Score score : Score.values()) {
            metrics.put(name(score), Evaluation.proportion(right[score.ordinal()], items.size()));
        }
        return new EvalResult(task.name(), task.kind(), name(main), metrics, items, requests.truncated);
    }

    private static String name(Score score) {
        return score == Score.SUM ? "accuracy" : "accuracy_" + score.name().toLowerCase(Locale.ROOT);
    }

    /// The choice with the greatest score; the first of equal ones.
    private static int best(EvalItem.Choice choice, double[] sums, List<int[]> continuations, Score score) {
        int best = 0;
        double most = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < sums.length; i++) {
            double value = switch (score) {
                case SUM -> sums[i];
                case BYTES -> sums[i] / choice.choices().get(i).getBytes(StandardCharsets.UTF_8).length;
                case TOKENS -> sums[i] / continuations.get(i).length;
            };
            if (value > most) {
                most = value;
                best = i;
            }
        }
        return best;
    }
}
