package glia.train.corpus;

import glia.io.CheckpointException;
import glia.io.file.AtomicFile;
import glia.train.data.TextSource;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.LongConsumer;
import tools.jackson.databind.json.JsonMapper;

/// Reads texts, drops those of low quality and near duplicates, and writes the others as JSONL with the key `text`, in
/// their order. The texts are read twice; between, memory holds 14 hashes of each.
///
/// @param rules the rules of quality
/// @param isUnique whether near duplicates are dropped
public record CorpusCleaner(QualityRules rules, boolean isUnique) {
    /// The reason of near duplicates.
    public static final String DUPLICATE = "near duplicate of an earlier text";

    /// What was read, kept and dropped.
    ///
    /// @param characters of the texts that were kept
    /// @param dropped the number of texts by reason
    public record Report(long texts, long kept, long characters, Map<String, Long> dropped) { }

    /// Writes the texts that are kept.
    ///
    /// @param progress receives the number of texts read so far, in both passes
    /// @throws CheckpointException if a source cannot be read or the file cannot be written, or no text is kept
    public Report clean(TextSource source, Path target, LongConsumer progress) throws IOException {
        Map<String, Long> dropped = new TreeMap<>();
        BitSet kept = choose(source, dropped, progress);
        int texts = kept.length() - 1;
        if (kept.cardinality() == 1) {
            throw new CheckpointException(source.files().getFirst(), "", "none of " + texts + " texts is kept: "
                    + dropped + "; try other rules of quality");
        }
        long[] counts = new long[2];
        AtomicFile.write(target, AtomicFile.IfExists.REPLACE, out -> source.forEachDocument(text -> {
            if (kept.get((int) counts[0]++)) {
                counts[1] += text.length();
                byte[] line = (JsonMapper.shared().writeValueAsString(Map.of("text", text)) + "\n")
                        .getBytes(StandardCharsets.UTF_8);
                out.write(line);
            }
            progress.accept(counts[0]);
        }));
        return new Report(texts, kept.cardinality() - 1, counts[1], dropped);
    }

    /// The numbers of the texts that are kept, and that after the last text.
    private BitSet choose(TextSource source, Map<String, Long> dropped, LongConsumer progress) throws IOException {
        BitSet kept = new BitSet();
        DuplicateGroups groups = new DuplicateGroups();
        int[] next = {0};
        source.forEachDocument(text -> {
            if (next[0] == Integer.MAX_VALUE - 1) {
                throw new CheckpointException(source.files().getFirst(), "", "more than two billion texts; give fewer "
                        + "files at a time");
            }
            int number = next[0]++;
            Optional<String> reason = rules.reason(text);
            reason.ifPresent(why -> dropped.merge(why, 1L, Long::sum));
            kept.set(number, reason.isEmpty());
            if (isUnique && reason.isEmpty()) {
                groups.add(number, MinHash.bands(text));
            }
            progress.accept(next[0]);
        });
        for (int i = kept.nextSetBit(0); i >= 0; i = kept.nextSetBit(i + 1)) {
            if (groups.first(i) != i) {
                kept.clear(i);
                dropped.merge(DUPLICATE, 1L, Long::sum);
            }
        }
        kept.set(next[0]);
        return kept;
    }
}
