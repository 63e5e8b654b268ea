package glia.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import org.junit.jupiter.api.Test;

/// What launchers say of a job, and a library that is missing.
class MpiLibraryTest {
    @Test
    void ranksAreThoseOfTheLauncher() {
        assertEquals(1, Mpi.ranks(Map.of()));
        assertEquals(3, Mpi.ranks(Map.of("PMI_SIZE", "3", "PMI_RANK", "1")));
        assertEquals(4, Mpi.ranks(Map.of("OMPI_COMM_WORLD_SIZE", "4")));
        assertEquals(8, Mpi.ranks(Map.of("SLURM_PROCID", "0", "SLURM_NTASKS", "8", "PMIX_RANK", "0")));
        assertEquals(1, Mpi.ranks(Map.of("SLURM_PROCID", "0", "SLURM_NTASKS", "8")), "a script of a batch job");
    }

    @Test
    void theRankIsKnownWithoutALibrary() {
        assertEquals(0, Mpi.rank(Map.of()));
        assertEquals(2, Mpi.rank(Map.of("PMI_RANK", "2")));
        assertEquals(5, Mpi.rank(Map.of("OMPI_COMM_WORLD_RANK", "5", "SLURM_PROCID", "1")));
    }

    @Test
    void aMissingLibrarySaysWhatToInstall() {
        RankException e = assertThrows(RankException.class, () ->
                Mpi.join(Map.of("PMI_SIZE", "2", "GLIA_MPI", "/nowhere/libmpi_abi.so.1")));
        assertTrue(e.getMessage().startsWith("the MPI library /nowhere/libmpi_abi.so.1 of GLIA_MPI is not found"),
                e.getMessage());
        assertTrue(e.getMessage().contains("pip install mpich"), e.getMessage());
    }
}
