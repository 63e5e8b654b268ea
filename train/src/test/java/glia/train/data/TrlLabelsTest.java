package glia.train.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import glia.io.json.JsonTree;
import glia.io.safetensors.SafetensorsCheckpoint;
import glia.tensor.Tensor;
import glia.text.tokenizer.Tokenizer;
import glia.train.tokenizer.SpecialTokens;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The tokens and labels of TRL's SFTTrainer for pairs of a prompt and a completion: the completion and EOS are trained
/// on, and sequences are cut at the longest length. The golden texts are given as ids, so each id is a character here.
class TrlLabelsTest {
    private static final int IGNORED = -100;
    private static final int EOS = 2;
    private static final int FIRST = 3;
    private static final int VOCABULARY = 64;
    private static final int MAX_LENGTH = 12;

    @TempDir
    private Path folder;

    private static String text(int[] ids) {
        return IntStream.of(ids).mapToObj(id -> Character.toString('0' + id)).collect(Collectors.joining());
    }

    @Test
    void completionsHaveTheLabelsOfTrl() throws Exception {
        String shared = System.getenv("GLIA_SHARED");
        assumeTrue(shared != null, "GLIA_SHARED names no folder with golden-training/");
        SpecialTokens special = SpecialTokens.NONE.with(SpecialTokens.UNKNOWN, "<unk>").with(SpecialTokens.PAD, "<pad>")
                .with(SpecialTokens.EOS, "</s>");
        String alphabet = text(IntStream.range(FIRST, VOCABULARY).toArray());
        Tokenizer tokenizer = TestTokenizers.characters(folder.resolve("t"), alphabet, special);
        int compared = 0;
        try (SafetensorsCheckpoint golden = SafetensorsCheckpoint.open(
                Path.of(shared, "golden-training", "steps", "sft-completion.safetensors"))) {
            for (int step = 0; step < 5; step++) {
                int[][] ids = golden.ids("step" + step + ".input_ids");
                Tensor labels = golden.tensor("step" + step + ".labels");
                int[][] mask = golden.ids("step" + step + ".attention_mask");
                for (int row = 0; row < ids.length; row++) {
                    int length = IntStream.of(mask[row]).sum();
                    long at = (long) row * labels.cols();
                    int[] own = IntStream.range(0, length).map(i -> (int) labels.memory()
                            .getAtIndex(ValueLayout.JAVA_LONG_UNALIGNED, at + i)).toArray();
                    int start = (int) IntStream.of(own).takeWhile(label -> label == IGNORED).count();
                    compare(tokenizer, Arrays.copyOf(ids[row], length), own, start);
                    compared++;
                }
            }
        }
        assertTrue(compared >= 20, compared + " rows");
    }

    private void compare(Tokenizer tokenizer, int[] ids, int[] labels, int start) throws Exception {
        boolean isCut = ids[ids.length - 1] != EOS;
        int[] completion = Arrays.copyOfRange(ids, start, isCut ? ids.length : ids.length - 1);
        Map<String, String> line = Map.of("prompt", text(Arrays.copyOf(ids, start)), "completion",
                text(completion) + (isCut ? "Z" : ""));
        Path file = Files.writeString(folder.resolve("x.jsonl"), JsonTree.of(line).toString());
        MaskedTokens found = ChatData.read(List.of(file), Optional.empty(), tokenizer,
                ChatOptions.of(MAX_LENGTH).with(ChatOptions.Truncation.CUT)).chats().getFirst();
        assertArrayEquals(ids, found.ids());
        int[] own = IntStream.range(0, ids.length).map(i -> found.isTrained().get(i) ? found.ids()[i] : IGNORED)
                .toArray();
        assertArrayEquals(labels, own);
    }
}
