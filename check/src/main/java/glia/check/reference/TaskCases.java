package glia.check.reference;

import glia.io.CheckpointException;
import glia.io.json.JsonTree;
import glia.lab.eval.EvalTask.Match;
import glia.lab.eval.Ruler;
import glia.tensor.kernel.Kernels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/// Long-context tasks: lengths and answers of RULER's instances, `ruler/TASK.jsonl`, and its scores of predictions,
/// `scorer-ruler.jsonl`.
public final class TaskCases implements CaseGroup {
    private static final String ITEMS = "ruler";
    private static final String SCORER = "scorer-ruler";
    private static final double EXACT = 1e-9;

    /// For [glia.check.CaseTree].
    public TaskCases() { }

    @Override
    public void run(Path folder, Path goldens, Kernels kernels, Consumer<CaseResult> results) throws IOException {
        for (String name : names(folder)) {
            if (name.equals(SCORER)) {
                results.accept(scores(lines(folder.resolve(name + ".jsonl"))));
            }
        }
        if (Files.isDirectory(folder.resolve(ITEMS))) {
            for (String task : names(folder.resolve(ITEMS))) {
                results.accept(items(task, lines(folder.resolve(ITEMS).resolve(task + ".jsonl"))));
            }
        }
    }

    @Override
    public List<String> unknown(Path folder) throws IOException {
        return names(folder).stream().filter(name -> !name.equals(SCORER)).toList();
    }

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> all = Files.list(folder)) {
            return all.map(file -> file.getFileName().toString()).filter(name -> name.endsWith(".jsonl"))
                    .map(name -> name.substring(0, name.length() - ".jsonl".length())).sorted().toList();
        }
    }

    private static List<JsonNode> lines(Path file) throws IOException {
        List<JsonNode> all = new ArrayList<>();
        for (String line : Files.readAllLines(file)) {
            try {
                all.add(JsonTree.parse(line));
            } catch (JacksonException e) {
                throw new CheckpointException(file, "line " + (all.size() + 1), "is not JSON: "
                        + e.getOriginalMessage(), e);
            }
        }
        return all;
    }

    private static List<String> outputs(JsonNode node) {
        return node.path("outputs").valueStream().map(JsonNode::asString).toList();
    }

    private static CaseResult scores(List<JsonNode> lines) {
        WorstDifference worst = new WorstDifference();
        for (JsonNode line : lines) {
            String text = line.path("prediction").asString();
            same(worst, "string_match_all of " + text, Match.ALL.score(text, outputs(line)),
                    line.path("string_match_all"));
            same(worst, "string_match_part of " + text, Match.ANY.score(text, outputs(line)),
                    line.path("string_match_part_ruler"));
        }
        return worst.of(SCORER);
    }

    /// Lengths count the text and the longest answer, in some tasks the beginning of the answer, too. A text holds its
    /// answers.
    private static CaseResult items(String task, List<JsonNode> lines) {
        WorstDifference worst = new WorstDifference();
        for (JsonNode line : lines) {
            String text = line.path("input").asString();
            int length = Ruler.length(text) + line.path("tokens_to_generate").asInt();
            int prefix = Ruler.length(line.path("gen_prefix").asString(""));
            same(worst, "length", length + (line.path("length").asInt() == length ? 0 : prefix), line.path("length"));
            Match match = task.startsWith("qa") ? Match.ANY : Match.ALL;
            worst.keep("answers in the text", 1 - match.score(text, outputs(line)), EXACT);
        }
        return worst.of(task);
    }

    private static void same(WorstDifference worst, String name, double found, JsonNode expected) {
        worst.keep(name, Math.abs(found - expected.asDouble(Double.NaN)), EXACT);
    }
}
