package glia.io.pytorch;

import glia.io.CheckpointException;
import glia.io.DisplayText;
import glia.tensor.DType;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;

/// Reads a pickle of tensors. A pickle is a program for a stack machine that may call any function of Python; here only
/// opcodes that build numbers, strings, lists, tuples and dictionaries work, and calls of the functions that rebuild
/// tensors from a storage. Everything else is refused by its name, and nothing is ever called.
///
/// Source: https://docs.python.org/3/library/pickletools.html, torch/_utils.py of https://github.com/pytorch/pytorch
final class TensorPickle {
    /// Most opcodes: 40 are read for a tensor.
    private static final int MAX_STEPS = 8_000_000;
    private static final int MAX_RANK = 32;
    private static final String ORDERED_DICT = "collections.OrderedDict";
    private static final String REBUILD = "torch._utils._rebuild_tensor";
    private static final String PARAMETER = "torch._utils._rebuild_parameter";
    private static final String UNTYPED = "torch.storage.UntypedStorage";
    private static final List<String> FUNCTIONS = List.of(ORDERED_DICT, PARAMETER, REBUILD, REBUILD + "_v2",
            REBUILD + "_v3", "torch.Size");
    private static final Map<String, DType> STORAGES = Map.ofEntries(Map.entry("torch.FloatStorage", DType.F32),
            Map.entry("torch.DoubleStorage", DType.F64), Map.entry("torch.HalfStorage", DType.F16),
            Map.entry("torch.BFloat16Storage", DType.BF16), Map.entry("torch.LongStorage", DType.I64),
            Map.entry("torch.IntStorage", DType.I32), Map.entry("torch.ShortStorage", DType.I16),
            Map.entry("torch.CharStorage", DType.I8), Map.entry("torch.ByteStorage", DType.U8),
            Map.entry("torch.BoolStorage", DType.BOOL), Map.entry(UNTYPED, DType.U8));
    private static final Map<String, DType> TYPES = Map.ofEntries(Map.entry("torch.float32", DType.F32),
            Map.entry("torch.float64", DType.F64), Map.entry("torch.float16", DType.F16),
            Map.entry("torch.bfloat16", DType.BF16), Map.entry("torch.int64", DType.I64),
            Map.entry("torch.int32", DType.I32), Map.entry("torch.int16", DType.I16),
            Map.entry("torch.int8", DType.I8), Map.entry("torch.uint8", DType.U8), Map.entry("torch.bool", DType.BOOL),
            Map.entry("torch.float8_e4m3fn", DType.F8_E4M3), Map.entry("torch.float8_e5m2", DType.F8_E5M2));
    /// The names of opcodes that are refused.
    private static final Map<Integer, String> REFUSED = Map.ofEntries(Map.entry((int) '0', "POP"),
            Map.entry((int) '1', "POP_MARK"), Map.entry((int) '2', "DUP"), Map.entry((int) 'F', "FLOAT"),
            Map.entry((int) 'I', "INT"), Map.entry((int) 'L', "LONG"), Map.entry((int) 'P', "PERSID"),
            Map.entry((int) 'S', "STRING"), Map.entry((int) 'V', "UNICODE"), Map.entry((int) 'd', "DICT"),
            Map.entry((int) 'l', "LIST"), Map.entry((int) 'g', "GET"), Map.entry((int) 'p', "PUT"),
            Map.entry((int) 'i', "INST"), Map.entry((int) 'o', "OBJ"), Map.entry((int) 'B', "BINBYTES"),
            Map.entry((int) 'C', "SHORT_BINBYTES"), Map.entry(0x81, "NEWOBJ"), Map.entry(0x82, "EXT1"),
            Map.entry(0x83, "EXT2"), Map.entry(0x84, "EXT4"), Map.entry(0x8b, "LONG4"), Map.entry(0x8d, "BINUNICODE8"),
            Map.entry(0x8e, "BINBYTES8"), Map.entry(0x8f, "EMPTY_SET"), Map.entry(0x90, "ADDITEMS"),
            Map.entry(0x91, "FROZENSET"), Map.entry(0x92, "NEWOBJ_EX"), Map.entry(0x96, "BYTEARRAY8"),
            Map.entry(0x97, "NEXT_BUFFER"), Map.entry(0x98, "READONLY_BUFFER"));

    /// Marks the start of a tuple, or of items.
    private enum Constant { MARK, NONE }

    /// A tuple.
    record Tuple(List<Object> items) { }

    /// A storage: the numbers of one or more tensors.
    ///
    /// @param key names it in the file
    record Storage(DType dtype, String key, long numElements) { }

    /// A tensor as a view of a storage.
    ///
    /// @param offset of the first element in the storage
    record View(Storage storage, DType dtype, long offset, long[] shape, long[] strides) { }

    /// A function or type of Python, one of those that are accepted.
    private record Global(String name) { }

    private final PickleInput in;
    private final List<Object> stack = new ArrayList<>();
    private final Map<Integer, Object> memo = new HashMap<>();
    private int steps;

    private TensorPickle(PickleInput in) {
        this.in = in;
    }

    /// Reads one pickle: a Map, List, Tuple, View, String, Long, BigInteger, Double or Boolean.
    ///
    /// @throws CheckpointException if the pickle is damaged, or holds anything but tensors and plain data
    static Object read(PickleInput in) throws CheckpointException {
        TensorPickle pickle = new TensorPickle(in);
        try {
            while (true) {
                int opcode = in.u8();
                pickle.step(1);
                if (opcode == '.') {
                    return pickle.pop();
                }
                pickle.run(opcode);
            }
        } catch (ClassCastException | IndexOutOfBoundsException | NoSuchElementException e) {
            throw in.error("found an opcode with operands of other kinds than it has; the file is damaged");
        }
    }

    /// Counts work, so that a small file cannot cost much time.
    private void step(int count) throws CheckpointException {
        steps += count;
        if (steps > MAX_STEPS) {
            throw in.error("found more than " + MAX_STEPS + " opcodes, more than any model has");
        }
    }

    private void run(int opcode) throws CheckpointException {
        switch (opcode) {
            case 0x80 -> protocol();
            case 0x95 -> in.i64();  // FRAME: a hint
            case '(' -> push(Constant.MARK);
            case 'N' -> push(Constant.NONE);
            case 0x88 -> push(true);
            case 0x89 -> push(false);
            case 'J' -> push((long) in.i32());
            case 'K' -> push((long) in.u8());
            case 'M' -> push((long) in.u16());
            case 0x8a -> push(integer(in.bytes(in.u8())));
            case 'G' -> push(in.f64());
            case 'X', 'T' -> push(in.text(in.i32()));
            case 0x8c, 'U' -> push(in.text(in.u8()));
            case '}' -> push(new LinkedHashMap<Object, Object>());
            case ']' -> push(new ArrayList<Object>());
            case ')' -> push(new Tuple(List.of()));
            case 't' -> push(new Tuple(sinceMark()));
            case 0x85 -> push(new Tuple(last(1)));
            case 0x86 -> push(new Tuple(last(2)));
            case 0x87 -> push(new Tuple(last(3)));
            case 'a', 'e', 's', 'u' -> collect(opcode);
            case 'q' -> memo.put(in.u8(), top());
            case 'r' -> memo.put(in.i32(), top());
            case 0x94 -> memo.put(memo.size(), top());
            case 'h' -> push(remembered(in.u8()));
            case 'j' -> push(remembered(in.i32()));
            case 'c' -> push(global(in.line() + "." + in.line()));
            case 0x93 -> {
                List<Object> names = last(2);
                push(global((String) names.get(0) + "." + (String) names.get(1)));
            }
            case 'Q' -> push(storage(((Tuple) pop()).items()));
            case 'R' -> {
                List<Object> arguments = ((Tuple) pop()).items();
                push(call(((Global) pop()).name(), arguments));
            }
            case 'b' -> {
                // Attributes of a dictionary of tensors: the versions of its modules.
                pop();
                Map<?, ?> _ = (Map<?, ?>) top();
            }
            default -> throw in.error("found the opcode " + REFUSED.getOrDefault(opcode, String.format("0x%02x",
                    opcode)) + ", expected only those of tensors; save the model as safetensors");
        }
    }

    private void protocol() throws CheckpointException {
        int version = in.u8();
        if (version < 2 || version > 5) {
            throw in.error("found a pickle of version " + version + ", expected 2 to 5");
        }
    }

    private void collect(int opcode) throws CheckpointException {
        List<Object> items = switch (opcode) {
            case 'a' -> last(1);
            case 's' -> last(2);
            default -> sinceMark();
        };
        if (opcode == 'a' || opcode == 'e') {
            list(top()).addAll(items);
            return;
        }
        for (int i = 0; i < items.size(); i += 2) {
            put(map(top()), items.get(i), items.get(i + 1));
        }
    }

    private void put(Map<Object, Object> map, Object key, Object value) throws CheckpointException {
        if (!(key instanceof String || key instanceof Long)) {
            throw in.error("found a dictionary with keys that are neither strings nor integers");
        }
        map.put(key, value);
    }

    private Global global(String name) throws CheckpointException {
        if (!FUNCTIONS.contains(name) && !STORAGES.containsKey(name) && !TYPES.containsKey(name)) {
            throw in.error("found the name " + DisplayText.escape(name) + ", expected only those of tensors: a pickle "
                    + "can run code by it. If you trust the file, load it with PyTorch and save its tensors as "
                    + "safetensors");
        }
        return new Global(name);
    }

    /// `("storage", type, key, device, elements)`; older files add a view, which is None.
    private Storage storage(List<Object> id) throws CheckpointException {
        String kind = (String) id.get(0);
        if (!kind.equals("storage") || id.size() > 5 && id.get(5) != Constant.NONE) {
            throw in.error("found a reference to a part of a storage or to a " + DisplayText.escape(kind)
                    + ", expected whole storages");
        }
        DType dtype = STORAGES.get(((Global) id.get(1)).name());
        if (dtype == null) {
            throw in.error("found a storage of " + ((Global) id.get(1)).name());
        }
        return new Storage(dtype, (String) id.get(2), (Long) id.get(4));
    }

    private Object call(String name, List<Object> arguments) throws CheckpointException {
        return switch (name) {
            case PARAMETER -> arguments.get(0);
            case "torch.Size" -> (Tuple) arguments.get(0);
            case ORDERED_DICT -> dictionary(arguments);
            case REBUILD, REBUILD + "_v2" -> view(arguments, ((Storage) arguments.get(0)).dtype());
            case REBUILD + "_v3" -> view(arguments, TYPES.get(((Global) arguments.get(6)).name()));
            default -> throw in.error("found a call of " + name + ", expected a function that makes a tensor");
        };
    }

    private Map<Object, Object> dictionary(List<Object> arguments) throws CheckpointException {
        Map<Object, Object> map = new LinkedHashMap<>();
        List<Object> pairs = arguments.isEmpty() ? List.of() : list(arguments.get(0));
        step(pairs.size());
        for (Object pair : pairs) {
            List<Object> both = pair instanceof Tuple tuple ? tuple.items() : list(pair);
            put(map, both.get(0), both.get(1));
        }
        return map;
    }

    private View view(List<Object> arguments, DType dtype) throws CheckpointException {
        return new View((Storage) arguments.get(0), dtype, (Long) arguments.get(1), sizes(arguments.get(2)),
                sizes(arguments.get(3)));
    }

    private long[] sizes(Object tuple) throws CheckpointException {
        List<Object> items = ((Tuple) tuple).items();
        if (items.size() > MAX_RANK) {
            throw in.error("found a tensor of " + items.size() + " dimensions, expected at most " + MAX_RANK);
        }
        return items.stream().mapToLong(item -> (Long) item).toArray();
    }

    private static Object integer(byte[] littleEndian) {
        byte[] bytes = new byte[littleEndian.length];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = littleEndian[bytes.length - 1 - i];
        }
        BigInteger value = bytes.length == 0 ? BigInteger.ZERO : new BigInteger(bytes);
        return value.bitLength() < Long.SIZE ? (Object) value.longValue() : value;
    }

    private Object remembered(int key) throws CheckpointException {
        Object value = memo.get(key);
        if (value == null) {
            throw in.error("found a reference to item " + key + ", which was not stored before");
        }
        return value;
    }

    private List<Object> sinceMark() {
        int mark = stack.lastIndexOf(Constant.MARK);
        List<Object> items = new ArrayList<>(stack.subList(mark + 1, stack.size()));
        stack.subList(mark, stack.size()).clear();
        return items;
    }

    private List<Object> last(int count) {
        List<Object> tail = stack.subList(stack.size() - count, stack.size());
        List<Object> items = new ArrayList<>(tail);
        tail.clear();
        return items;
    }

    private void push(Object value) {
        stack.add(value);
    }

    private Object pop() {
        return stack.removeLast();
    }

    private Object top() {
        return stack.get(stack.size() - 1);
    }

    @SuppressWarnings("unchecked")
    private static List<Object> list(Object value) {
        return (List<Object>) value;
    }

    @SuppressWarnings("unchecked")
    private static Map<Object, Object> map(Object value) {
        return (Map<Object, Object>) value;
    }
}
