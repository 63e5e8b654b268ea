package glia.io.pytorch;

import glia.io.CheckpointException;
import glia.io.ContentSniffer;
import glia.io.DisplayText;
import glia.io.file.MappedCheckpoint;
import glia.io.file.MappedFile;
import glia.io.file.TensorEntry;
import glia.io.pytorch.TensorPickle.Storage;
import glia.io.pytorch.TensorPickle.View;
import glia.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Weights saved by `torch.save`: a dictionary of tensors as a zip archive (since PyTorch 1.6) or as pickles followed
/// by the numbers (before), one file or several with an index. No code of the file runs: a pickle with anything but
/// tensors is refused ([TensorPickle]). Tensors that are not contiguous are copied; all others are mapped.
///
/// Source: torch/serialization.py of https://github.com/pytorch/pytorch
public final class PickleCheckpoint extends MappedCheckpoint {
    /// The name of a single file.
    public static final String FILE_NAME = "pytorch_model.bin";
    /// The name of the index of several files.
    public static final String INDEX_NAME = "pytorch_model.bin.index.json";
    private static final BigInteger MAGIC = new BigInteger("1950a86a20f9469cfc6c", 16);
    private static final long VERSION = 1001;
    private static final String PICKLE = "data.pkl";

    private final boolean isNested;
    private final Map<String, Long> numbers = new LinkedHashMap<>();

    private PickleCheckpoint(Path origin, boolean isNested) {
        super(origin);
        this.isNested = isNested;
    }

    /// Whether a name is one of PyTorch's files, such as `pytorch_model.bin`.
    public static boolean isNamed(String name) {
        return name.endsWith(".bin") || name.endsWith(".pt") || name.endsWith(".pth");
    }

    /// Opens a file or an index (`pytorch_model.bin.index.json`).
    ///
    /// @throws CheckpointException if a file is damaged or holds anything but tensors
    public static PickleCheckpoint open(Path file) throws CheckpointException {
        PickleCheckpoint checkpoint = new PickleCheckpoint(file, false);
        checkpoint.open(file, ".bin", checkpoint::add);
        return checkpoint;
    }

    /// Opens a file of dictionaries in a dictionary, whose tensors are named `OUTER.INNER`, with integers among them.
    ///
    /// @throws CheckpointException if the file is damaged or holds anything else
    public static PickleCheckpoint openNested(Path file) throws CheckpointException {
        PickleCheckpoint checkpoint = new PickleCheckpoint(file, true);
        checkpoint.open(file, ".pt", checkpoint::add);
        return checkpoint;
    }

    /// The integers of a nested file, named like its tensors.
    public Map<String, Long> numbers() {
        return Collections.unmodifiableMap(numbers);
    }

    private void add(Path path) throws CheckpointException {
        MappedFile file = file(path);
        byte[] head = file.head();
        boolean isZip = new String(head, StandardCharsets.ISO_8859_1).startsWith("PK");
        if (!isZip && (head.length < 2 || head[0] != (byte) 0x80)) {
            throw new CheckpointException(path, "", "found " + ContentSniffer.describe(head)
                    + ", expected a file of torch.save");
        }
        add(file, isZip ? zip(file) : legacy(file));
    }

    /// What a file holds.
    ///
    /// @param tensors by name
    /// @param begins the file offset of each storage by its key
    /// @param ends the file offset after it
    private record Content(Map<String, View> tensors, Map<String, Long> begins, Map<String, Long> ends) { }

    private Content zip(MappedFile file) throws CheckpointException {
        Map<String, ZipDirectory.Place> places = ZipDirectory.read(file).places();
        String name = places.keySet().stream().filter(each -> each.equals(PICKLE) || each.endsWith("/" + PICKLE))
                .findFirst().orElseThrow(() -> new CheckpointException(file.path(), "",
                "is a zip archive without " + PICKLE + ", expected a file of torch.save"));
        String folder = name.substring(0, name.length() - PICKLE.length());
        ZipDirectory.Place order = places.get(folder + "byteorder");
        if (order != null && !new PickleInput(file, order.begin(), order.begin() + order.sizeBytes())
                .text(order.sizeBytes()).equals("little")) {
            throw new CheckpointException(file.path(), "byteorder", "found numbers with the high byte first, expected "
                    + "\"little\"; save the model on another machine");
        }
        ZipDirectory.Place pickle = places.get(name);
        Object saved = TensorPickle.read(new PickleInput(file, pickle.begin(), pickle.begin() + pickle.sizeBytes()));
        Map<String, Long> begins = new HashMap<>();
        Map<String, Long> ends = new HashMap<>();
        String data = folder + "data/";
        places.forEach((each, place) -> {
            if (each.startsWith(data)) {
                begins.put(each.substring(data.length()), place.begin());
                ends.put(each.substring(data.length()), place.begin() + place.sizeBytes());
            }
        });
        return new Content(tensors(file, saved), begins, ends);
    }

    /// The form before PyTorch 1.6: magic number, version, machine, dictionary, keys of the storages, storages, each
    /// after the number of its elements.
    private Content legacy(MappedFile file) throws CheckpointException {
        PickleInput in = new PickleInput(file, 0, file.sizeBytes());
        if (!MAGIC.equals(TensorPickle.read(in)) || !Long.valueOf(VERSION).equals(TensorPickle.read(in))) {
            throw new CheckpointException(file.path(), "byte 0", "is a pickle, but not one of torch.save");
        }
        if (TensorPickle.read(in) instanceof Map<?, ?> machine && Boolean.FALSE.equals(machine.get("little_endian"))) {
            throw new CheckpointException(file.path(), "", "found numbers with the high byte first");
        }
        Map<String, View> tensors = tensors(file, TensorPickle.read(in));
        Map<String, Storage> storages = new HashMap<>();
        tensors.values().forEach(view -> storages.put(view.storage().key(), view.storage()));
        Map<String, Long> begins = new HashMap<>();
        Map<String, Long> ends = new HashMap<>();
        List<?> keys = TensorPickle.read(in) instanceof List<?> list ? list : List.of();
        long at = in.position();
        for (Object key : keys) {
            if (!(key instanceof String name) || !storages.containsKey(name) || at > file.sizeBytes() - Long.BYTES) {
                throw new CheckpointException(file.path(), "byte " + at, "found storages of no tensor, or the end of "
                        + "the file; it may be truncated");
            }
            long count = new PickleInput(file, at, file.sizeBytes()).i64();
            long begin = at + Long.BYTES;
            int bytes = storages.get(name).dtype().blockBytes();
            if (count < 0 || count > (file.sizeBytes() - begin) / bytes) {
                throw new CheckpointException(file.path(), "byte " + at, "found a storage of " + count + " numbers, "
                        + "expected it inside the file; it may be truncated");
            }
            at = begin + count * bytes;
            begins.put(name, begin);
            ends.put(name, at);
        }
        return new Content(tensors, begins, ends);
    }

    /// The tensors of a dictionary, or of the one under its key `state_dict`.
    private Map<String, View> tensors(MappedFile file, Object saved) throws CheckpointException {
        if (saved instanceof Map<?, ?> outer && outer.get("state_dict") instanceof Map<?, ?> inner) {
            return tensors(file, inner);
        }
        if (!(saved instanceof Map<?, ?> map)) {
            throw new CheckpointException(file.path(), "", "holds no dictionary, expected one of tensors by name");
        }
        Map<String, View> tensors = new LinkedHashMap<>();
        for (Map.Entry<?, ?> entry : map.entrySet()) {
            String key = String.valueOf(entry.getKey());
            if (isNested && entry.getValue() instanceof Map<?, ?> inner) {
                for (Map.Entry<?, ?> each : inner.entrySet()) {
                    String name = key + "." + each.getKey();
                    if (each.getValue() instanceof View view) {
                        tensors.put(name, view);
                    } else if (each.getValue() instanceof Long number) {
                        numbers.put(name, number);
                    }
                }
                continue;
            }
            if (!(entry.getValue() instanceof View view)) {
                throw new CheckpointException(file.path(), DisplayText.escape(key), "is no tensor, expected a "
                        + "dictionary of tensors; save the model's state_dict alone");
            }
            tensors.put(key, view);
        }
        return tensors;
    }

    private void add(MappedFile file, Content content) throws CheckpointException {
        List<TensorEntry> mapped = new ArrayList<>();
        Map<String, View> strided = new LinkedHashMap<>();
        for (Map.Entry<String, View> entry : content.tensors.entrySet()) {
            View view = entry.getValue();
            Long begin = content.begins.get(view.storage().key());
            String where = TensorEntry.where(DisplayText.escape(entry.getKey()));
            if (begin == null) {
                throw new CheckpointException(file.path(), where, "has no numbers in the file");
            }
            long size = TensorEntry.sizeBytes(file.path(), entry.getKey(), view.dtype(), view.shape());
            long numbers = (content.ends.get(view.storage().key()) - begin) / view.dtype().blockBytes();
            long count = size / view.dtype().blockBytes();
            if (view.strides().length != view.shape().length || view.offset() < 0 || count > numbers
                    || count > 0 && last(view, numbers) >= numbers) {
                throw new CheckpointException(file.path(), where, "found a view of a storage of " + numbers
                        + " numbers, expected it inside; the file may be truncated");
            }
            long from = begin + view.offset() * view.dtype().blockBytes();
            if (count == 0 || isContiguous(view)) {
                long at = count == 0 ? begin : from;
                mapped.add(new TensorEntry(entry.getKey(), view.dtype(), view.shape(), at, at + size));
            } else {
                strided.put(entry.getKey(), view);
            }
        }
        add(file, mapped, 0);
        MemorySegment memory = sources().getLast().memory();
        for (Map.Entry<String, View> entry : strided.entrySet()) {
            View view = entry.getValue();
            add(file, entry.getKey(), contiguous(memory, content.begins.get(view.storage().key()), view));
        }
    }

    /// The index of a view's last number in its storage; at least `limit` where it lies outside.
    private static long last(View view, long limit) {
        long last = view.offset();
        for (int i = 0; i < view.shape().length && last < limit; i++) {
            long steps = view.shape()[i] - 1;
            boolean isInside = view.strides()[i] >= 0 && (steps == 0 || view.strides()[i] <= limit / steps);
            last = isInside ? last + steps * view.strides()[i] : limit;
        }
        return last;
    }

    private static boolean isContiguous(View view) {
        long stride = 1;
        for (int i = view.shape().length - 1; i >= 0; i--) {
            if (view.shape()[i] != 1 && view.strides()[i] != stride) {
                return false;
            }
            stride *= view.shape()[i];
        }
        return true;
    }

    private static Tensor contiguous(MemorySegment memory, long begin, View view) {
        Tensor copy = Tensor.allocate(Arena.ofAuto(), view.dtype(), view.shape());
        int bytes = view.dtype().blockBytes();
        long[] index = new long[view.shape().length];
        for (long n = 0; n < copy.size(); n++) {
            long at = view.offset();
            for (int i = 0; i < index.length; i++) {
                at += index[i] * view.strides()[i];
            }
            MemorySegment.copy(memory, begin + at * bytes, copy.memory(), n * bytes, bytes);
            for (int i = index.length - 1; i >= 0 && ++index[i] == view.shape()[i]; i--) {
                index[i] = 0;
            }
        }
        return copy;
    }
}
