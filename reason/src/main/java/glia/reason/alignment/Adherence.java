package glia.reason.alignment;

import glia.reason.alignment.ChatSampler.Answer;
import glia.reason.run.WilsonInterval;
import glia.text.template.ChatMessage;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// How often answers keep the principles of a constitution, as its checks say.
///
/// @param prompts that were answered, at least one
/// @param answers one of each
/// @param kept which principles each answer keeps
public record Adherence(Constitution constitution, List<String> prompts, List<Answer> answers, List<boolean[]> kept) {
    /// Answers prompts and checks the answers.
    ///
    /// @param temperature 0 is greedy
    /// @throws IllegalArgumentException if there is no prompt
    public static Adherence of(List<String> prompts, ChatSampler sampler, Constitution constitution,
            double temperature, long seed) {
        if (prompts.isEmpty()) {
            throw new IllegalArgumentException("there are no prompts to answer");
        }
        List<Answer> answers = sampler.answers(prompts.stream().map(p -> List.of(ChatMessage.user(p))).toList(), 1,
                temperature, seed).stream().map(List::getFirst).toList();
        List<boolean[]> kept = new ArrayList<>();
        for (int i = 0; i < prompts.size(); i++) {
            kept.add(constitution.kept(answers.get(i).sample(prompts.get(i))));
        }
        return new Adherence(constitution, prompts, answers, kept);
    }

    /// The share of answers that keep each principle, by name, and as `all` the share that keep every one, with
    /// intervals of 95 %.
    public Map<String, WilsonInterval> shares() {
        Map<String, WilsonInterval> shares = new LinkedHashMap<>();
        for (int i = 0; i < constitution.principles().size(); i++) {
            int p = i;
            shares.put(constitution.principles().get(p).name(), WilsonInterval.of(kept.stream().filter(k -> k[p])
                    .count(), prompts.size()));
        }
        shares.put(Agreement.ALL, WilsonInterval.of(kept.stream().filter(Adherence::isWhole).count(),
                prompts.size()));
        return shares;
    }

    private static boolean isWhole(boolean[] kept) {
        boolean all = true;
        for (boolean one : kept) {
            all &= one;
        }
        return all;
    }

    /// A line of a JSONL file for a prompt: the answer and the names of the principles that it breaks.
    public Map<String, Object> line(int prompt) {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("prompt", prompts.get(prompt));
        line.put("answer", answers.get(prompt).text());
        line.put("finished", answers.get(prompt).isFinished());
        List<String> broken = new ArrayList<>();
        for (int p = 0; p < kept.get(prompt).length; p++) {
            if (!kept.get(prompt)[p]) {
                broken.add(constitution.principles().get(p).name());
            }
        }
        line.put("broken", broken);
        return line;
    }
}
