package glia.spark;

import java.io.Serializable;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Function;
import java.util.stream.Stream;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.TaskCompletionListener;

/// Computes new columns of a row from its text.
@FunctionalInterface
interface RowFunction {
    /// Rows of a partition that are computed at a time. The engine batches them.
    int CONCURRENT = 32;

    /// The values of the new columns of each row that a row becomes.
    Stream<Object[]> apply(Row row, String text) throws Exception;

    /// A function of a partition, made on its executor.
    interface Factory extends Callable<RowFunction>, Serializable { }

    /// A function of the text alone.
    interface OfText {
        Stream<Object[]> apply(String text) throws Exception;
    }

    /// A function that reads the text alone.
    static RowFunction each(OfText function) {
        return (row, text) -> function.apply(text);
    }

    /// One row.
    static Stream<Object[]> one(Object... values) {
        return Stream.<Object[]>of(values);
    }

    /// Adds columns.
    ///
    /// @throws IllegalArgumentException if there is no column of texts of this name, or one of the new names is taken
    static Dataset<Row> add(Dataset<Row> rows, String text, List<StructField> columns, Factory factory) {
        StructType schema = rows.schema();
        List<String> names = Arrays.asList(schema.fieldNames());
        int at = names.indexOf(text);
        if (at < 0 || !schema.fields()[at].dataType().simpleString().equals("string")) {
            throw new IllegalArgumentException("found no column of texts named " + text + "; the columns are "
                    + schema.simpleString());
        }
        for (StructField column : columns) {
            if (names.contains(column.name())) {
                throw new IllegalArgumentException("the data frame has a column " + column.name() + " already; rename "
                        + "it (withColumnRenamed)");
            }
            schema = schema.add(column);
        }
        // Of what cannot be null, a row without a text has 0.
        Object[] absent = columns.stream().map(column -> column.nullable() ? null : 0).toArray();
        return rows.mapPartitions((MapPartitionsFunction<Row, Row>) partition ->
                partition.hasNext() ? new Ordered(partition, at, absent, factory.call()) : partition,
                Encoders.row(schema));
    }

    /// Rows in their order, of which some are computed at a time.
    final class Ordered implements Iterator<Row> {
        private final Iterator<Row> source;
        private final Function<Row, List<Row>> function;
        private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
        private final ArrayDeque<Future<List<Row>>> pending = new ArrayDeque<>();
        private Iterator<Row> ready = List.<Row>of().iterator();

        Ordered(Iterator<Row> source, int at, Object[] absent, RowFunction function) {
            this.source = source;
            this.function = row -> rows(row, at, absent, function);
            if (TaskContext.get() != null) {
                TaskContext.get().addTaskCompletionListener((TaskCompletionListener) _ -> threads.shutdownNow());
            }
        }

        private static List<Row> rows(Row row, int at, Object[] absent, RowFunction function) {
            try (Stream<Object[]> added = row.isNullAt(at) ? one(absent)
                    : function.apply(row, row.getString(at))) {
                return added.map(values -> {
                    Object[] all = new Object[row.size() + values.length];
                    for (int i = 0; i < row.size(); i++) {
                        all[i] = row.get(i);
                    }
                    System.arraycopy(values, 0, all, row.size(), values.length);
                    return RowFactory.create(all);
                }).toList();
            } catch (RuntimeException e) {
                throw e;
            } catch (Exception e) {
                throw new IllegalStateException(e.getMessage(), e);
            }
        }

        @Override
        public boolean hasNext() {
            while (!ready.hasNext()) {
                while (pending.size() < CONCURRENT && source.hasNext()) {
                    Row row = source.next();
                    pending.add(threads.submit(() -> function.apply(row)));
                }
                if (pending.isEmpty()) {
                    return false;
                }
                ready = result(pending.remove()).iterator();
            }
            return true;
        }

        private static List<Row> result(Future<List<Row>> future) {
            try {
                return future.get();
            } catch (ExecutionException e) {
                if (e.getCause() instanceof RuntimeException cause) {
                    throw cause;
                }
                throw new IllegalStateException(e.getCause());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("the task was cancelled", e);
            }
        }

        @Override
        public Row next() {
            if (!hasNext()) {
                throw new NoSuchElementException();
            }
            return ready.next();
        }
    }
}
