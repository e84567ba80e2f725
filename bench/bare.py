import asyncio,sys
async def main(): await asyncio.sleep(10000)
asyncio.run(main())
