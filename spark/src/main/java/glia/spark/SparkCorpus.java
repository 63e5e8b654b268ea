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
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaPairRDD;
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
    private static final String DUPLICATE = "near duplicate of an earlier text";

    private record Band(int index, long hash) implements Serializable { }

    /// Chooses the rows that are kept.
    ///
    /// @param text the column of the texts; a row without one is dropped
    public static SparkCorpus clean(Dataset<Row> rows, String text, QualityRules rules, boolean isUnique) {
        int at = rows.schema().fieldIndex(text);
        JavaPairRDD<Row, Long> numbered = rows.javaRDD().zipWithIndex().persist(StorageLevel.MEMORY_AND_DISK());
        Map<String, Long> dropped = new TreeMap<>(numbered.keys().flatMap(row -> reason(row, at, rules).stream()
                .iterator()).countByValue());
        JavaPairRDD<Row, Long> good = numbered.filter(row -> reason(row._1(), at, rules).isEmpty());
        long[] copies = isUnique ? copies(good, at) : new long[0];
        if (copies.length > 0) {
            dropped.put(DUPLICATE, (long) copies.length);
        }
        JavaRDD<Row> kept = good.filter(row -> Arrays.binarySearch(copies, row._2()) < 0).keys();
        return new SparkCorpus(rows.sparkSession().createDataFrame(kept, rows.schema()), dropped);
    }

    private static Optional<String> reason(Row row, int at, QualityRules rules) {
        return row.isNullAt(at) ? Optional.of("no text") : rules.reason(row.getString(at));
    }

    /// The numbers of the rows that are near duplicates of an earlier one, sorted.
    private static long[] copies(JavaPairRDD<Row, Long> rows, int at) {
        List<Tuple2<Long, Long>> pairs = rows.flatMapToPair(row -> {
            long[] bands = MinHash.bands(row._1().getString(at));
            return IntStream.range(0, bands.length)
                    .mapToObj(i -> new Tuple2<>(new Band(i, bands[i]), row._2())).iterator();
        }).groupByKey().flatMap(band -> {
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
