package glia.reason.alignment;

import glia.reason.alignment.ChatSampler.Answer;
import glia.tensor.Hash;
import glia.text.template.ChatMessage;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Two answers to a prompt, compared by the checks of a constitution and by a model
/// ([constitutional AI](https://arxiv.org/abs/2212.08073), section 4).
///
/// The model's judgement of a principle is the mean of P(A) / (P(A) + P(B)) with the first answer as A and
/// P(B) / (P(A) + P(B)) with it as B, so that a preference for a letter cancels out.
///
/// @param first an answer
/// @param second another
/// @param kept which principles the first and the second answer keep, by the checks
/// @param judged for each principle the model's probability that the first answer follows it better; empty if it was
///     not asked
public record Comparison(String prompt, Answer first, Answer second, List<boolean[]> kept,
        Optional<double[]> judged) {
    private static final String BEGUN = "The answer is (";

    /// Samples answers and takes two different ones of each prompt: those that keep the most and the fewest principles,
    /// in the order in which they were sampled. Prompts whose answers are all the same text have no comparison.
    ///
    /// @param samples answers of a prompt, at least 2
    public static List<Comparison> of(List<String> prompts, ChatSampler sampler, Constitution constitution,
            int samples, double temperature, long seed) {
        List<List<Answer>> answers = sampler.answers(prompts.stream().map(p -> List.of(ChatMessage.user(p))).toList(),
                samples, temperature, Hash.of(seed, 3));
        List<Comparison> all = new ArrayList<>();
        for (int i = 0; i < prompts.size(); i++) {
            String prompt = prompts.get(i);
            int[] kept = answers.get(i).stream().mapToInt(a -> constitution.numKept(a.sample(prompt))).toArray();
            int most = 0;
            int least = 0;
            for (int a = 1; a < kept.length; a++) {
                most = kept[a] > kept[most] ? a : most;
                least = kept[a] < kept[least] || least == most && kept[a] == kept[least] ? a : least;
            }
            Answer first = answers.get(i).get(Math.min(most, least));
            Answer second = answers.get(i).get(Math.max(most, least));
            if (!first.text().equals(second.text())) {
                all.add(new Comparison(prompt, first, second, List.of(constitution.kept(first.sample(prompt)),
                        constitution.kept(second.sample(prompt))), Optional.empty()));
            }
        }
        return all;
    }

    /// Asks the model for its judgements.
    public static List<Comparison> judged(List<Comparison> comparisons, ChatSampler sampler,
            Constitution constitution) {
        List<List<ChatMessage>> asked = new ArrayList<>();
        for (Comparison each : comparisons) {
            for (boolean isSwapped : new boolean[] {false, true}) {
                for (Constitution.Principle principle : constitution.principles()) {
                    asked.add(List.of(ChatMessage.user(each.question(principle, isSwapped))));
                }
            }
        }
        double[] choices = sampler.choices(asked, BEGUN);
        int n = constitution.principles().size();
        List<Comparison> all = new ArrayList<>();
        for (int i = 0; i < comparisons.size(); i++) {
            double[] judged = new double[n];
            for (int p = 0; p < n; p++) {
                judged[p] = (choices[2 * n * i + p] + 1 - choices[2 * n * i + n + p]) / 2;
            }
            Comparison each = comparisons.get(i);
            all.add(new Comparison(each.prompt, each.first, each.second, each.kept, Optional.of(judged)));
        }
        return all;
    }

    private String question(Constitution.Principle principle, boolean isSwapped) {
        return "Here are a question and two answers.\n\nQuestion: " + prompt + "\n\n(A) "
                + (isSwapped ? second : first).text() + "\n\n(B) " + (isSwapped ? first : second).text() + "\n\n"
                + principle.comparison() + " Reply with (A) or (B).";
    }

    /// By how many principles more the first answer keeps than the second, as the checks say.
    public int checkMargin() {
        int margin = 0;
        for (int p = 0; p < kept.getFirst().length; p++) {
            margin += (kept.getFirst()[p] ? 1 : 0) - (kept.getLast()[p] ? 1 : 0);
        }
        return margin;
    }

    /// The mean of the model's judgements less one half: positive if it prefers the first answer.
    ///
    /// @throws java.util.NoSuchElementException if the model was not asked
    public double modelMargin() {
        double sum = 0;
        for (double each : judged.orElseThrow()) {
            sum += each - 0.5;
        }
        return sum / judged.orElseThrow().length;
    }

    /// The line of a JSONL file for `task: dpo` and `task: reward`: `prompt`, `chosen`, `rejected`, with the judge
    /// beside them. Empty if the judge prefers neither.
    ///
    /// @param isByModel whether the model decides, else the checks do
    public Optional<Map<String, Object>> preference(boolean isByModel) {
        double margin = isByModel ? modelMargin() : checkMargin();
        if (margin == 0) {
            return Optional.empty();
        }
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("prompt", prompt);
        line.put("chosen", (margin > 0 ? first : second).text());
        line.put("rejected", (margin > 0 ? second : first).text());
        line.put("judge", isByModel ? "model" : "check");
        line.put("margin", Math.abs(margin));
        return Optional.of(line);
    }
}
