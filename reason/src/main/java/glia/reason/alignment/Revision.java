package glia.reason.alignment;

import glia.reason.alignment.ChatSampler.Answer;
import glia.reason.alignment.Constitution.Principle;
import glia.tensor.Hash;
import glia.text.template.ChatMessage;
import glia.train.data.ChatLine;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/// The supervised stage of [constitutional AI](https://arxiv.org/abs/2212.08073), section 3: a model answers,
/// criticizes its answer by a principle and revises it.
///
/// Unlike in the paper the checks of the constitution decide what stays. A principle that the answer keeps is skipped;
/// of several revisions the one that keeps the most principles replaces the answer, if it keeps more than the answer.
///
/// @param prompt of the user
/// @param original the first answer
/// @param revised the last answer; the first one if no revision was better
/// @param steps critiques and revisions in their order
public record Revision(String prompt, Answer original, Answer revised, List<Step> steps) {
    /// A critique with the best of its revisions.
    ///
    /// @param principle its name
    /// @param isBetter whether the revision replaced the answer
    public record Step(String principle, String critique, String revision, boolean isBetter) { }

    public Revision {
        steps = List.copyOf(steps);
    }

    /// How answers are sampled.
    ///
    /// @param temperature of answers, critiques and revisions
    /// @param attempts critiques by a principle, each with one revision
    /// @param seed decides everything
    public record Options(double temperature, int attempts, long seed) { }

    /// Answers prompts and revises the answers, principle after principle.
    public static List<Revision> of(List<String> prompts, ChatSampler sampler, Constitution constitution,
            Options options) {
        List<Answer> originals = sampler.answers(prompts.stream().map(p -> List.of(ChatMessage.user(p))).toList(), 1,
                options.temperature(), options.seed()).stream().map(List::getFirst).toList();
        List<Answer> answers = new ArrayList<>(originals);
        List<List<Step>> steps = prompts.stream().map(p -> (List<Step>) new ArrayList<Step>()).toList();
        for (int p = 0; p < constitution.principles().size(); p++) {
            Principle principle = constitution.principles().get(p);
            int[] broken = IntStream.range(0, prompts.size())
                    .filter(i -> !principle.isKept(answers.get(i).sample(prompts.get(i)))).toArray();
            List<List<ChatMessage>> asked = new ArrayList<>();
            for (int i : broken) {
                asked.add(List.of(ChatMessage.user(prompts.get(i)), ChatMessage.assistant(answers.get(i).text()),
                        ChatMessage.user(principle.critiqueOf(prompts.get(i)))));
            }
            List<List<Answer>> critiques = sampler.answers(asked, options.attempts(), options.temperature(),
                    Hash.of(options.seed(), p, 1));
            List<List<ChatMessage>> requests = new ArrayList<>();
            for (int b = 0; b < broken.length; b++) {
                for (Answer critique : critiques.get(b)) {
                    List<ChatMessage> request = new ArrayList<>(asked.get(b));
                    request.add(ChatMessage.assistant(critique.text()));
                    request.add(ChatMessage.user(principle.revisionOf(prompts.get(broken[b]))));
                    requests.add(request);
                }
            }
            List<Answer> revisions = sampler.answers(requests, 1, options.temperature(),
                    Hash.of(options.seed(), p, 2)).stream().map(List::getFirst).toList();
            for (int b = 0; b < broken.length; b++) {
                int from = b * options.attempts();
                int best = best(prompts.get(broken[b]), revisions.subList(from, from + options.attempts()),
                        constitution);
                Answer revision = revisions.get(from + best);
                int i = broken[b];
                boolean isBetter = constitution.numKept(revision.sample(prompts.get(i)))
                        > constitution.numKept(answers.get(i).sample(prompts.get(i)));
                steps.get(i).add(new Step(principle.name(), critiques.get(b).get(best).text(), revision.text(),
                        isBetter));
                if (isBetter) {
                    answers.set(i, revision);
                }
            }
        }
        return IntStream.range(0, prompts.size()).mapToObj(i -> new Revision(prompts.get(i), originals.get(i),
                answers.get(i), steps.get(i))).toList();
    }

    private static int best(String prompt, List<Answer> revisions, Constitution constitution) {
        int best = 0;
        for (int i = 1; i < revisions.size(); i++) {
            if (constitution.numKept(revisions.get(i).sample(prompt))
                    > constitution.numKept(revisions.get(best).sample(prompt))) {
                best = i;
            }
        }
        return best;
    }

    /// The line of a JSONL file for `task: sft`: `messages`, with the first answer and the steps beside them.
    public Map<String, Object> chat() {
        Map<String, Object> line = ChatLine.of(prompt, revised.text());
        line.put("original", original.text());
        line.put("steps", steps.stream().map(s -> Map.of("principle", s.principle(), "critique", s.critique(),
                "revision", s.revision(), "better", s.isBetter())).toList());
        return line;
    }
}
