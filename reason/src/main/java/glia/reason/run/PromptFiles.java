package glia.reason.run;

import glia.io.CheckpointException;
import glia.io.jsonl.JsonLine;
import glia.io.jsonl.JsonLines;
import glia.io.picture.Picture;
import glia.reason.run.ProblemSource.PromptProblem;
import glia.train.data.ShuffledOrder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Prompts of JSONL files: objects with a string `prompt` and whatever the rewards need, such as `answer`; `images` are
/// paths or data URLs of pictures before the prompt. Of the keys of Alpaca, `instruction` and `input` are the prompt,
/// and `output` the answer. Each epoch has an order of its own.
final class PromptFiles implements ProblemSource {
    private static final String PROMPT = "prompt";
    private static final String IMAGES = "images";
    private static final String INSTRUCTION = "instruction";
    private static final String EXAMPLE = "{\"prompt\": \"…\", \"answer\": \"…\"}";

    private final List<PromptProblem> training;
    private final List<PromptProblem> heldOut;
    private final ShuffledOrder order;
    private final List<String> notes;

    private PromptFiles(List<PromptProblem> training, List<PromptProblem> heldOut, long seed,
            List<String> notes) {
        this.training = training;
        this.heldOut = heldOut;
        this.notes = notes;
        order = new ShuffledOrder(training.size(), seed);
    }

    /// Reads prompts.
    ///
    /// @param share of the different training prompts that is held out, the last ones, if there are no files for it
    /// @param maxTokens most tokens of a prompt; longer ones are left out
    /// @throws CheckpointException if a line has no prompt, or no prompt fits
    static PromptFiles read(List<Path> files, List<Path> heldOutFiles, double share, PromptEncoder encoder,
            int maxTokens, long seed) throws IOException {
        int[] dropped = new int[1];
        List<PromptProblem> train = read(files, encoder, maxTokens, dropped);
        List<PromptProblem> held;
        List<String> notes = new ArrayList<>();
        List<Object> prompts = train.stream().map(PromptProblem::question).distinct().toList();
        if (heldOutFiles.isEmpty()) {
            int count = (int) Math.min(prompts.size() - 1L, Math.round(prompts.size() * share));
            Set<Object> last = new HashSet<>(prompts.subList(prompts.size() - count, prompts.size()));
            Map<Object, PromptProblem> distinct = new LinkedHashMap<>();
            train.stream().filter(p -> last.contains(p.question())).forEach(p -> distinct.putIfAbsent(p.question(), p));
            held = List.copyOf(distinct.values());
            if (prompts.size() < train.size()) {
                notes.add(train.size() + " problems have " + prompts.size() + " different prompts, of which " + count
                        + " are held out");
            }
            train = train.stream().filter(p -> !last.contains(p.question())).toList();
        } else {
            held = read(heldOutFiles, encoder, maxTokens, dropped);
            Set<Object> trained = new HashSet<>(prompts);
            long both = held.stream().filter(p -> trained.contains(p.question())).count();
            if (both > 0) {
                notes.add(both + " of " + held.size() + " held-out prompts are training prompts, too: held-out "
                        + "accuracy counts what was learned by heart");
            }
        }
        if (dropped[0] > 0) {
            notes.add(dropped[0] + " prompts were left out: they do not fit the context of " + (maxTokens + 1)
                    + " tokens");
        }
        return new PromptFiles(List.copyOf(train), held, seed, notes);
    }

    private static List<PromptProblem> read(List<Path> files, PromptEncoder encoder, int maxTokens, int[] dropped)
            throws IOException {
        List<PromptProblem> problems = new ArrayList<>();
        for (Path file : files) {
            try (JsonLines lines = new JsonLines(file, EXAMPLE)) {
                for (JsonLine line = lines.next(); line != null; line = lines.next()) {
                    PromptProblem problem = problem(line, encoder);
                    if (problem.ids().length == 0) {
                        throw line.place().error(PROMPT, "is empty");
                    }
                    if (problem.ids().length <= maxTokens) {
                        problems.add(problem);
                    } else {
                        dropped[0]++;
                    }
                }
            }
        }
        if (problems.isEmpty()) {
            throw new CheckpointException(files.getFirst(), "", dropped[0] > 0 ? "has only prompts of more than "
                    + maxTokens + " tokens; use a larger batch.context"
                    : "found no line, expected a JSON object with a prompt in each");
        }
        return problems;
    }

    private static PromptProblem problem(JsonLine line, PromptEncoder encoder) throws CheckpointException {
        Map<String, Object> fields = new LinkedHashMap<>(line.values());
        fields.values().removeIf(v -> v == null);
        String text;
        if (fields.containsKey(INSTRUCTION) && !fields.containsKey(PROMPT)) {
            String input = fields.containsKey("input") ? line.text("input") : "";
            text = line.text(INSTRUCTION) + (input.isBlank() ? "" : "\n\n" + input);
            Object output = fields.remove("output");
            if (output != null) {
                fields.putIfAbsent("answer", output);
            }
            fields.keySet().removeAll(List.of(INSTRUCTION, "input"));
        } else {
            text = line.text(PROMPT);
        }
        fields.remove(PROMPT);
        fields.remove(IMAGES);
        List<Picture> pictures = line.pictures(IMAGES);
        try {
            return new PromptProblem(text, pictures, encoder.encode(text, pictures), fields);
        } catch (IllegalArgumentException e) {
            throw line.place().error(pictures.isEmpty() ? PROMPT : IMAGES, e.getMessage());
        }
    }

    /// What the user should know, such as prompts that were too long.
    List<String> notes() {
        return notes;
    }

    @Override
    public PromptProblem training(long index) {
        return training.get(Math.toIntExact(order.at(index)));
    }

    @Override
    public PromptProblem heldOut(long index) {
        return heldOut.get(Math.toIntExact(index));
    }

    @Override
    public long size() {
        return training.size();
    }

    @Override
    public long numHeldOut() {
        return heldOut.size();
    }
}
