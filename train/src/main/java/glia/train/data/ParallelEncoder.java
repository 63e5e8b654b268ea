package glia.train.data;

import glia.io.jsonl.TextPlace;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/// Encodes pieces on all processors and passes their tokens on in the order of the text.
final class ParallelEncoder implements TextSource.DocumentReader, AutoCloseable {
    /// Pieces that are encoded or wait, for each thread.
    private static final int AHEAD = 4;

    private final DocumentEncoder encoder;
    private final Consumer consumer;
    private final int most;
    private final ExecutorService threads;
    private final Deque<Piece> pieces = new ArrayDeque<>();

    /// Receives documents as tokens.
    interface Consumer {
        /// The tokens of a piece of the current document.
        void accept(int[] ids) throws IOException;

        /// The end of the current document.
        void end() throws IOException;
    }

    /// A piece, or the end of a document.
    ///
    private sealed interface Piece {
        record Text(Future<int[]> ids, TextPlace place) implements Piece { }

        record End() implements Piece { }
    }

    ParallelEncoder(DocumentEncoder encoder, Consumer consumer) {
        this.encoder = encoder;
        this.consumer = consumer;
        int numThreads = Runtime.getRuntime().availableProcessors();
        most = AHEAD * numThreads;
        threads = Executors.newFixedThreadPool(numThreads,
                Thread.ofPlatform().daemon().name("glia-encode-", 0).factory());
    }

    @Override
    public void piece(String text, TextPlace place) throws IOException {
        add(new Piece.Text(threads.submit(() -> encoder.encode(text)), place));
    }

    @Override
    public void end() throws IOException {
        add(new Piece.End());
    }

    private void add(Piece piece) throws IOException {
        pieces.addLast(piece);
        while (pieces.size() > most) {
            pass(pieces.removeFirst());
        }
    }

    private void pass(Piece piece) throws IOException {
        switch (piece) {
            case Piece.End _ -> consumer.end();
            case Piece.Text text -> consumer.accept(tokens(text));
        }
    }

    private static int[] tokens(Piece.Text text) throws IOException {
        try {
            return text.ids.get();
        } catch (ExecutionException e) {
            throw text.place.error("cannot be encoded: " + e.getCause().getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while texts were encoded", e);
        }
    }

    /// Waits for all pieces.
    void finish() throws IOException {
        while (!pieces.isEmpty()) {
            pass(pieces.removeFirst());
        }
    }

    @Override
    public void close() {
        threads.shutdownNow();
    }
}
