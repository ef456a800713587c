// Most of these tests wait most of the time: for silos to start, for losses to be noticed. Those that load the machine run alone (UnderLoad).
[assembly: Xunit.v3.Parallelization(MaxThreads = 3)]
