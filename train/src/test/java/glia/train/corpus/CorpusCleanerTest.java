package glia.train.corpus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.CheckpointException;
import glia.train.data.TextSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

class CorpusCleanerTest {
    /// Different words between stop words.
    private static String prose(long seed, int words) {
        Random random = new Random(seed);
        return IntStream.range(0, words).mapToObj(i -> i % 7 == 3 ? "the" : i % 7 == 5 ? "of"
                : random.ints(5, 'a', 'z' + 1).mapToObj(Character::toString).collect(Collectors.joining()))
                .collect(Collectors.joining(" "));
    }

    private static Set<List<String>> grams(String text) {
        List<String> words = MinHash.words(text);
        return IntStream.rangeClosed(0, words.size() - MinHash.WORDS)
                .mapToObj(i -> words.subList(i, i + MinHash.WORDS)).collect(Collectors.toSet());
    }

    /// The share of pairs that share a band is that of the formula, at the similarity that the pairs have.
    @Test
    void pairsShareBandsAsOftenAsTheFormulaSays() {
        for (int replaced : new int[] {1, 4, 9, 20}) {
            int found = 0;
            double expected = 0;
            int pairs = 200;
            for (int i = 0; i < pairs; i++) {
                String one = prose(i, 200);
                String[] words = one.split(" ");
                Random random = new Random(i);
                for (int k = 0; k < replaced; k++) {
                    words[random.nextInt(words.length)] = "x" + random.nextInt();
                }
                String other = String.join(" ", words);
                Set<List<String>> union = new HashSet<>(grams(one));
                union.addAll(grams(other));
                double similarity = (grams(one).size() + grams(other).size()) / (double) union.size() - 1;
                expected += 1 - Math.pow(1 - Math.pow(similarity, 8), 14);
                long[] a = MinHash.bands(one);
                long[] b = MinHash.bands(other);
                found += IntStream.range(0, MinHash.BANDS).anyMatch(j -> a[j] == b[j]) ? 1 : 0;
            }
            assertEquals(expected, found, 4 * Math.sqrt(pairs * 0.25), replaced + " words replaced");
        }
    }

    @Test
    void bandsReadWordsAlone() {
        assertTrue(Arrays.equals(MinHash.bands("The cat, that sat (on a mat)!"),
                MinHash.bands("the CAT that\n\nsat on a mat")));
        assertEquals(List.of("我", "们", "是", "glia", "的"), MinHash.words("我们是 Glia 的。"));
        assertEquals(0, MinHash.bands(" … ").length);
    }

    /// Groups are those of the connected pairs, whatever the order.
    @Test
    void groupsDoNotDependOnTheOrder() {
        List<long[]> pairs = new ArrayList<>(List.of(new long[] {5, 3}, new long[] {3, 9}, new long[] {1, 7},
                new long[] {9, 0}, new long[] {8, 7}));
        for (int i = 0; i < 30; i++) {
            Collections.shuffle(pairs, new Random(i));
            DuplicateGroups groups = new DuplicateGroups();
            pairs.forEach(pair -> groups.join(pair[0], pair[1]));
            assertEquals(List.of(0L, 1L, 2L, 0L, 4L, 0L, 6L, 1L, 1L, 0L),
                    IntStream.range(0, 10).mapToObj(groups::first).toList());
        }
    }

    @Test
    void rulesDropWhatTheyDescribe() {
        String good = prose(1, 120);
        Map<String, Optional<String>> cases = Map.of(
                good, Optional.empty(),
                prose(2, 40), Optional.of("fewer than 50 words"),
                good.replace("the", "il").replace("of", "di"), Optional.of("fewer than two English stop words"),
                good.replaceAll("(\\w+) (\\w+)", "$1 #$2"), Optional.of("symbols for more than 10 % of words"),
                good.replace(" ", "-and-so-on "), Optional.of("mean length of words outside 3 to 10"),
                good.replaceAll("(\\w+ \\w+ \\w+) ", "- $1\n"), Optional.of(
                        "more than 90 % of lines are items of lists"),
                good.replaceAll("(\\w+) (\\w+) ", "$1 12345 "), Optional.of("fewer than 80 % of words have a letter"),
                (prose(3, 60) + "\n").repeat(2), Optional.of("repeated lines"),
                prose(4, 60) + " " + "you and me ".repeat(20), Optional.of("one n-gram makes up too much"));
        cases.forEach((text, reason) -> assertEquals(reason, QualityRules.ENGLISH.reason(text), text));
        assertEquals(Optional.empty(), QualityRules.REPETITION.reason(prose(2, 40)));
        assertEquals(Optional.of("repeated lines"), QualityRules.REPETITION.reason("int i;\nint i;\nint i;\n"));
        assertEquals(Optional.empty(), QualityRules.NONE.reason(""));
        assertEquals(Optional.of("no words"), QualityRules.REPETITION.reason(" \n"));
    }

    @Test
    void theFirstOfDuplicatesIsKept(@TempDir Path folder) throws IOException {
        String one = prose(1, 300);
        String two = prose(2, 300);
        Path lines = Files.writeString(folder.resolve("a.jsonl"), JsonMapper.shared().writeValueAsString(
                Map.of("text", one)) + "\n" + JsonMapper.shared().writeValueAsString(Map.of("text", "too short"))
                + "\n");
        Path text = Files.writeString(folder.resolve("b.txt"), one.toUpperCase() + "\n<|end|>\n" + two
                + "\n<|end|>\n" + two + " and more");
        TextSource source = new TextSource(List.of(lines, text), "text", "<|end|>");
        Path target = folder.resolve("out.jsonl");
        CorpusCleaner.Report report = new CorpusCleaner(QualityRules.ENGLISH, true).clean(source, target, n -> { });
        assertEquals(Map.of("near duplicate of an earlier text", 2L, "fewer than 50 words", 1L), report.dropped());
        assertEquals(5, report.texts());
        List<String> kept = new ArrayList<>();
        TextSource.of(target).forEachDocument(kept::add);
        assertEquals(List.of(one, two), kept.stream().map(String::strip).toList());
        assertEquals(2, report.kept());
        CheckpointException none = assertThrows(CheckpointException.class, () -> new CorpusCleaner(
                QualityRules.ENGLISH, true).clean(TextSource.of(Files.writeString(folder.resolve("c.txt"), "short")),
                target, n -> { }));
        assertTrue(none.getMessage().contains("none of 1 texts is kept"), none.getMessage());
    }
}
