package glia.spark;

import glia.train.corpus.CorpusCleaner;
import glia.train.corpus.DuplicateGroups;
import glia.train.corpus.MinHash;
import glia.train.corpus.QualityRules;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.LongStream;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.storage.StorageLevel;
import scala.Tuple2;

/// Drops rows whose text is of low quality or a near duplicate of an earlier one, as [CorpusCleaner] does in one
/// process, with the same result. Bands are compared by a shuffle; the driver holds the pairs of near duplicates and
/// the numbers of the rows that are dropped for it.
///
/// @param kept the rows that are kept, in their order
/// @param dropped number of rows by reason
public record SparkCorpus(Dataset<Row> kept, Map<String, Long> dropped) {
    /// @param reason why the row is dropped; empty if it is not
    private record Checked(Row row, long number, String reason) implements Serializable { }

    /// Chooses the rows that are kept.
    ///
    /// @param text the column of the texts; a row without one is dropped
    public static SparkCorpus clean(Dataset<Row> rows, String text, QualityRules rules, boolean isUnique) {
        int at = rows.schema().fieldIndex(text);
        JavaRDD<Checked> checked = rows.javaRDD().zipWithIndex().map(row -> new Checked(row._1(), row._2(),
                reason(row._1(), at, rules))).persist(StorageLevel.MEMORY_AND_DISK());
        Map<String, Long> dropped = new TreeMap<>(checked.map(Checked::reason).countByValue());
        dropped.remove("");
        JavaRDD<Checked> good = checked.filter(row -> row.reason().isEmpty());
        long[] copies = isUnique ? copies(good, at) : new long[0];
        if (copies.length > 0) {
            dropped.put(CorpusCleaner.DUPLICATE, (long) copies.length);
        }
        JavaRDD<Row> kept = good.filter(row -> Arrays.binarySearch(copies, row.number()) < 0).map(Checked::row);
        return new SparkCorpus(rows.sparkSession().createDataFrame(kept, rows.schema()), dropped);
    }

    private static String reason(Row row, int at, QualityRules rules) {
        return row.isNullAt(at) ? "no text" : rules.reason(row.getString(at)).orElse("");
    }

    /// The numbers of the rows that are near duplicates of an earlier one, sorted.
    private static long[] copies(JavaRDD<Checked> rows, int at) {
        List<Tuple2<Long, Long>> pairs = rows.flatMapToPair(row -> LongStream.of(MinHash.bands(row.row().getString(at)))
                .mapToObj(band -> new Tuple2<>(band, row.number())).iterator()).groupByKey().flatMap(band -> {
            long first = Long.MAX_VALUE;
            for (long number : band._2()) {
                first = Math.min(first, number);
            }
            List<Tuple2<Long, Long>> joined = new ArrayList<>();
            for (long number : band._2()) {
                if (number != first) {
                    joined.add(new Tuple2<>(number, first));
                }
            }
            return joined.iterator();
        }).distinct().collect();
        DuplicateGroups groups = new DuplicateGroups();
        pairs.forEach(pair -> groups.join(pair._1(), pair._2()));
        return pairs.stream().mapToLong(Tuple2::_1).distinct().filter(number -> groups.first(number) != number).sorted()
                .toArray();
    }
}
